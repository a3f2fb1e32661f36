package blob

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// account is the containers of one storage account.
type account struct {
	mu         sync.Mutex
	containers map[string]*container
}

// container is the blobs of one container.
type container struct {
	created time.Time
	etag    string
	mu      sync.RWMutex
	blobs   map[string]*blob
}

// blob is one blob; content and what describes it are replaced as a whole.
type blob struct {
	content
	created time.Time
	lease   lease
}

// content is one version of a blob; it is never changed.
type content struct {
	data     []byte
	etag     string
	modified time.Time
	kind     string            // media type
	headers  map[string]string // Content-Encoding and its like, by name
	metadata map[string]string
}

func (a *account) container(name string) (*container, *problem) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.containers[name]; c != nil {
		return c, nil
	}
	return nil, errContainerNotFound
}

func (a *account) create(name, etag string, now time.Time) *problem {
	if !containerName.MatchString(name) || strings.Contains(name, "--") {
		return &problem{400, "InvalidResourceName", "The specified resource name contains invalid characters."}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.containers[name] != nil {
		return errContainerExists
	}
	a.containers[name] = &container{created: now, etag: etag, blobs: map[string]*blob{}}
	return nil
}

// names lists the containers in order.
func (a *account) names() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	names := make([]string, 0, len(a.containers))
	for name := range a.containers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// conditions are If-Match, If-None-Match and If-Unmodified-Since; the last, in
// whole seconds and zero for none, counts only where the others are absent.
type conditions struct {
	match, noneMatch string
	unmodifiedSince  time.Time
}

// check judges the conditions of a write against the blob, nil when it is not
// there.
func (c conditions) check(b *blob) *problem {
	switch {
	case b == nil && c.match != "":
		return errConditionNotMet
	case b == nil:
		return nil
	case c.match != "" && c.match != "*" && c.match != b.etag:
		return errConditionNotMet
	case c.noneMatch == "*":
		return errBlobExists
	case c.noneMatch != "" && c.noneMatch == b.etag:
		return errConditionNotMet
	case c.tooNew(b.modified):
		return errConditionNotMet
	}
	return nil
}

// tooNew reports whether If-Unmodified-Since counts and is not met.
func (c conditions) tooNew(modified time.Time) bool {
	return c.match == "" && c.noneMatch == "" && !c.unmodifiedSince.IsZero() && modified.Truncate(time.Second).After(c.unmodifiedSince)
}

// put stores a version over the one that may be there, and calls told before
// anybody else can store the next.
func (c *container) put(name string, v content, lease string, when conditions, told func()) *problem {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.blobs[name]
	if b != nil {
		if wrong := b.lease.mayWrite(lease, v.modified); wrong != nil {
			return wrong
		}
	} else if lease != "" {
		return errLeaseNone
	}
	if wrong := when.check(b); wrong != nil {
		return wrong
	}
	if b == nil {
		b = &blob{created: v.modified}
		c.blobs[name] = b
	}
	b.content = v
	b.lease.written(v.modified)
	told()
	return nil
}

// remove deletes a blob.
func (c *container) remove(name, lease string, when conditions, now time.Time) *problem {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.blobs[name]
	if b == nil {
		return errBlobNotFound
	}
	if wrong := b.lease.mayWrite(lease, now); wrong != nil {
		return wrong
	}
	if wrong := when.check(b); wrong != nil {
		return wrong
	}
	delete(c.blobs, name)
	return nil
}

// get is a copy of the blob's description and its present version.
func (c *container) get(name string) (blob, *problem) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if b := c.blobs[name]; b != nil {
		return *b, nil
	}
	return blob{}, errBlobNotFound
}

// change lets act change the blob's lease.
func (c *container) change(name string, act func(*lease) *problem) (blob, *problem) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.blobs[name]
	if b == nil {
		return blob{}, errBlobNotFound
	}
	wrong := act(&b.lease)
	return *b, wrong
}

// listed is one blob of a listing.
type listed struct {
	name string
	blob
}

// list is a page of the blobs that begin with prefix, from the marker on, and
// the name of the next; "" at the end.
func (c *container) list(prefix, marker string, limit int) (found []listed, next string) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	names := make([]string, 0, len(c.blobs))
	for name := range c.blobs {
		if strings.HasPrefix(name, prefix) && name >= marker {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if len(found) == limit {
			return found, name
		}
		found = append(found, listed{name, *c.blobs[name]})
	}
	return found, ""
}
