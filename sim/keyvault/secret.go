package keyvault

import (
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"time"
	"unicode/utf8"
)

// Limits of the real service.
const (
	maxValue       = 25 * 1024 // bytes
	maxTags        = 15
	maxTagText     = 256 // characters, name and value alike
	maxContentType = 255
	maxNameLength  = 127
	recoverDays    = 90
)

var namePattern = regexp.MustCompile(`^[0-9a-zA-Z-]+$`)

func validName(name string) bool { return len(name) <= maxNameLength && namePattern.MatchString(name) }

// secret is a name with its versions, oldest first.
type secret struct {
	name     string
	versions []*version
	removed  time.Time // when it was deleted
}

func (s *secret) newest() *version { return s.versions[len(s.versions)-1] }

func (s *secret) find(id string) *version {
	if id == "" {
		return s.newest()
	}
	for _, v := range s.versions {
		if v.id == id {
			return v
		}
	}
	return nil
}

// version is one immutable value with its mutable attributes.
type version struct {
	id          string // 32 hex digits
	value       string
	contentType *string
	attributes  attributes
	tags        map[string]string
}

// attributes in wire form; times are seconds since 1970.
type attributes struct {
	Enabled  *bool  `json:"enabled,omitempty"`
	NotYet   *int64 `json:"nbf,omitempty"`
	Expires  *int64 `json:"exp,omitempty"`
	Created  int64  `json:"created,omitempty"`
	Updated  int64  `json:"updated,omitempty"`
	Days     int    `json:"recoverableDays,omitempty"`
	Recovery string `json:"recoveryLevel,omitempty"`
}

func (v *version) enabled() bool { return v.attributes.Enabled == nil || *v.attributes.Enabled }

// setBody is the body of PUT.
type setBody struct {
	Value       string            `json:"value"`
	ContentType *string           `json:"contentType"`
	Attributes  attributes        `json:"attributes"`
	Tags        map[string]string `json:"tags"`
}

// patchBody is the body of PATCH; what is absent stays.
type patchBody struct {
	ContentType *string           `json:"contentType"`
	Attributes  attributes        `json:"attributes"`
	Tags        map[string]string `json:"tags"`
}

func checkTags(contentType *string, tags map[string]string) *fault {
	if contentType != nil && utf8.RuneCountInString(*contentType) > maxContentType {
		return bad("Content type is too long: at most %d characters.", maxContentType)
	}
	if len(tags) > maxTags {
		return bad("Too many tags: at most %d.", maxTags)
	}
	for name, value := range tags {
		if utf8.RuneCountInString(name) > maxTagText || utf8.RuneCountInString(value) > maxTagText {
			return bad("Tag name or value is too long: at most %d characters.", maxTagText)
		}
	}
	return nil
}

// put appends a version and returns it; the caller holds the lock.
func (s *Server) put(name string, b setBody) *version {
	sec, ok := s.live[name]
	if !ok {
		sec = &secret{name: name}
		s.live[name] = sec
	}
	v := &version{id: newVersionID(), value: b.Value, contentType: b.ContentType, attributes: b.Attributes, tags: b.Tags}
	v.attributes.fresh(s.world.Now())
	sec.versions = append(sec.versions, v)
	if b.Value != "" {
		s.world.RecordSecret(b.Value)
	}
	return v
}

// fresh stamps the attributes of a new version.
func (a *attributes) fresh(now time.Time) {
	if a.Enabled == nil {
		enabled := true
		a.Enabled = &enabled
	}
	a.Created, a.Updated = now.Unix(), now.Unix()
	a.Days, a.Recovery = recoverDays, "Recoverable+Purgeable"
}

func newVersionID() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	return hex.EncodeToString(raw)
}

// bundle is how a version is shown.
type bundle struct {
	Value       *string           `json:"value,omitempty"`
	ID          string            `json:"id"`
	ContentType *string           `json:"contentType,omitempty"`
	Attributes  attributes        `json:"attributes"`
	Tags        map[string]string `json:"tags,omitempty"`
	RecoveryID  string            `json:"recoveryId,omitempty"`
	Deleted     int64             `json:"deletedDate,omitempty"`
	Purge       int64             `json:"scheduledPurgeDate,omitempty"`
}

// show renders a version; withVersion puts the version into the id.
func show(host, name string, v *version, withVersion bool) bundle {
	id := "https://" + host + "/secrets/" + name
	if withVersion {
		id += "/" + v.id
	}
	return bundle{ID: id, ContentType: v.contentType, Attributes: v.attributes, Tags: v.tags}
}

func showDeleted(host string, sec *secret, withVersion bool) bundle {
	b := show(host, sec.name, sec.newest(), withVersion)
	b.RecoveryID = "https://" + host + "/deletedsecrets/" + sec.name
	b.Deleted = sec.removed.Unix()
	b.Purge = sec.removed.AddDate(0, 0, recoverDays).Unix()
	return b
}
