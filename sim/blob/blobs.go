package blob

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// blockBlob is the only kind of blob here.
const blockBlob = "BlockBlob"

// kept are the headers a blob keeps, by the header they are put with.
var kept = map[string]string{
	"X-Ms-Blob-Content-Encoding": "Content-Encoding", "X-Ms-Blob-Content-Language": "Content-Language",
	"X-Ms-Blob-Content-Disposition": "Content-Disposition", "X-Ms-Blob-Cache-Control": "Cache-Control",
}

const metadataPrefix = "X-Ms-Meta-"

func (c *call) conditions() conditions {
	since, _ := http.ParseTime(c.r.Header.Get("If-Unmodified-Since")) // zero for none
	return conditions{c.r.Header.Get("If-Match"), c.r.Header.Get("If-None-Match"), since}
}

func (c *call) serveBlob() *problem {
	box, wrong := c.account.container(c.container)
	if wrong != nil {
		return wrong
	}
	switch c.r.Method {
	case http.MethodPut:
		return c.put(box)
	case http.MethodGet, http.MethodHead:
		return c.get(box)
	case http.MethodDelete:
		if wrong := box.remove(c.blob, c.r.Header.Get("X-Ms-Lease-Id"), c.conditions(), c.now()); wrong != nil {
			return wrong
		}
		c.answer(http.StatusAccepted, "", nil)
		return nil
	}
	return notImplemented(c.r.Method + " of a blob")
}

func (c *call) put(box *container) *problem {
	if kind := c.r.Header.Get("X-Ms-Blob-Type"); kind != blockBlob {
		return notImplemented("blobs of type " + kind)
	}
	data, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBlob))
	if err != nil {
		return &problem{http.StatusRequestEntityTooLarge, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit."}
	}
	v := content{data: data, etag: c.etag(), modified: c.now(), kind: "application/octet-stream", headers: map[string]string{}, metadata: map[string]string{}}
	if kind := c.r.Header.Get("X-Ms-Blob-Content-Type"); kind != "" {
		v.kind = kind
	}
	for header, values := range c.r.Header {
		if as := kept[header]; as != "" {
			v.headers[as] = values[0]
		}
		if name, ok := strings.CutPrefix(header, metadataPrefix); ok {
			v.metadata[strings.ToLower(name)] = values[0]
		}
	}
	told := func() { c.stored(c.container, c.blob, v.metadata) }
	if wrong := box.put(c.blob, v, c.r.Header.Get("X-Ms-Lease-Id"), c.conditions(), told); wrong != nil {
		return wrong
	}
	c.describe(v.etag, v.modified)
	c.answer(http.StatusCreated, "", nil)
	return nil
}

func (c *call) get(box *container) *problem {
	if c.r.Header.Get("Range") != "" || c.r.Header.Get("X-Ms-Range") != "" {
		return notImplemented("parts of a blob")
	}
	b, wrong := box.get(c.blob)
	if wrong != nil {
		return wrong
	}
	when := c.conditions()
	switch {
	case when.match != "" && when.match != "*" && when.match != b.etag:
		return errConditionNotMet
	case when.noneMatch == "*" || when.noneMatch != "" && when.noneMatch == b.etag:
		return errNotModified
	case when.tooNew(b.modified):
		return errConditionNotMet
	}
	h := c.w.Header()
	c.describe(b.etag, b.modified)
	for name, value := range b.headers {
		h.Set(name, value)
	}
	for name, value := range b.metadata {
		h.Set(metadataPrefix+name, value)
	}
	h.Set("x-ms-blob-type", blockBlob)
	h.Set("x-ms-creation-time", httpTime(b.created))
	c.describeLease(b.lease)
	if c.r.Method == http.MethodHead {
		h.Set("Content-Length", strconv.Itoa(len(b.data)))
		h.Set("Content-Type", b.kind)
		c.w.WriteHeader(http.StatusOK)
		return nil
	}
	c.answer(http.StatusOK, b.kind, b.data)
	return nil
}

func (c *call) describeLease(l lease) {
	h, state := c.w.Header(), l.state(c.now())
	h.Set("x-ms-lease-state", string(state))
	h.Set("x-ms-lease-status", "unlocked")
	if state.active() {
		h.Set("x-ms-lease-status", "locked")
	}
	if state == leased {
		h.Set("x-ms-lease-duration", map[bool]string{true: "infinite", false: "fixed"}[l.term == 0])
	}
}

// answers to the lease actions.
var leaseStatus = map[string]int{
	"acquire": http.StatusCreated, "renew": http.StatusOK, "release": http.StatusOK, "break": http.StatusAccepted,
}

func (c *call) lease() *problem {
	box, wrong := c.account.container(c.container)
	if wrong != nil {
		return wrong
	}
	action := c.r.Header.Get("X-Ms-Lease-Action")
	if c.r.Method != http.MethodPut || leaseStatus[action] == 0 {
		return notImplemented("lease action " + action)
	}
	id, term, period, wrong := c.leaseHeaders(action)
	if wrong != nil {
		return wrong
	}
	var left time.Duration
	b, wrong := box.change(c.blob, func(l *lease) (wrong *problem) {
		now := c.now()
		switch action {
		case "acquire":
			return l.acquire(id, term, now)
		case "renew":
			return l.renew(id, now)
		case "release":
			return l.release(id, now)
		}
		left, wrong = l.breakNow(period, now)
		return wrong
	})
	if wrong != nil {
		return wrong
	}
	c.describe(b.etag, b.modified)
	if action == "break" {
		c.w.Header().Set("x-ms-lease-time", strconv.Itoa(int((left+time.Second-1)/time.Second)))
	} else if action != "release" {
		c.w.Header().Set("x-ms-lease-id", id)
	}
	c.answer(leaseStatus[action], "", nil)
	return nil
}

// leaseHeaders reads what the action needs: an id, a term, a break period
// (negative: none).
func (c *call) leaseHeaders(action string) (id string, term, period time.Duration, wrong *problem) {
	h := c.r.Header
	switch action {
	case "acquire":
		seconds, err := strconv.Atoi(h.Get("X-Ms-Lease-Duration"))
		if err != nil || seconds != -1 && (seconds < 15 || seconds > 60) {
			return "", 0, 0, badHeader("x-ms-lease-duration")
		}
		if id = h.Get("X-Ms-Proposed-Lease-Id"); id == "" {
			id = uuid.NewString()
		}
		return id, time.Duration(max(seconds, 0)) * time.Second, 0, nil
	case "break":
		given := h.Get("X-Ms-Lease-Break-Period")
		if given == "" {
			return "", 0, -1, nil
		}
		seconds, err := strconv.Atoi(given)
		if err != nil || seconds < 0 || seconds > 60 {
			return "", 0, 0, badHeader("x-ms-lease-break-period")
		}
		return "", 0, time.Duration(seconds) * time.Second, nil
	}
	if id = h.Get("X-Ms-Lease-Id"); id == "" {
		return "", 0, 0, &problem{http.StatusBadRequest, "MissingRequiredHeader", "An HTTP header that's mandatory for this request is not specified: x-ms-lease-id."}
	}
	return id, 0, 0, nil
}
