package vault

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// TokenLife is how long an unused refresh token lives after its redemption.
const TokenLife = 90 * 24 * time.Hour

// The errors callers may test.
var (
	// ErrAbsent: there is no such secret or version.
	ErrAbsent = errors.New("not in the vault")
	// ErrDisabled: it is there, but disabled.
	ErrDisabled = errors.New("disabled in the vault")
)

// The sources of a version.
const (
	SourceConsent  = "consent"
	SourceRotation = "rotation"
)

// Version is one stored refresh token with what is known about it.
type Version struct {
	Connection sam.ConnectionID
	ID         string     // the vault's version id, 32 hexadecimal digits
	Token      sam.Secret // empty in lists
	UPN        string
	Kind       sam.Kind
	App        sam.AppID
	Cloud      string // cloud.Cloud.Name
	Source     string // SourceConsent or SourceRotation
	Grant      string // id of the consent's version that a rotation descends from; "" for a consent, or unknown
	AMR        []string
	RedeemedAt time.Time // when Entra gave the token
	Expires    time.Time // RedeemedAt + TokenLife
	Created    time.Time // when the vault stored it, in whole seconds
	Enabled    bool
}

// SecretName is the name of the secret that holds the connection's tokens.
func SecretName(c sam.ConnectionID) string {
	return prefix + string(c.Tenant()) + "-" + string(c.Object())
}

const (
	prefix        = "rt-"
	guidLength    = 36
	stateKeyName  = "state-key"
	preflightName = "preflight"
)

// connectionOf reads a connection back from a secret's name.
func connectionOf(name string) (sam.ConnectionID, bool) {
	if len(name) != len(prefix)+2*guidLength+1 || name[:len(prefix)] != prefix {
		return "", false
	}
	ids := name[len(prefix):]
	if ids[guidLength] != '-' {
		return "", false
	}
	c, err := sam.ParseConnectionID(ids[:guidLength] + "." + ids[guidLength+1:])
	return c, err == nil
}

// listed is a version in a list, with what orders versions of one second.
type listed struct {
	Version
	storedAt time.Time
}

// newestFirst orders versions as Current sees them.
func newestFirst(all []listed) []Version {
	slices.SortFunc(all, func(a, b listed) int {
		return cmp.Or(b.Created.Compare(a.Created), b.storedAt.Compare(a.storedAt),
			b.RedeemedAt.Compare(a.RedeemedAt), cmp.Compare(b.ID, a.ID))
	})
	var versions []Version
	for _, l := range all {
		versions = append(versions, l.Version)
	}
	return versions
}
