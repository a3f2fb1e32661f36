package blob

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/samkeeper/samkeeper/sim/sharedkey"
)

// version is the x-ms-version of every answer.
const version = "2026-06-06"

// maxBlob is the most bytes of a blob that is put as a whole here.
const maxBlob = 256 << 20

var containerName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

// Config describes a service; the zero value is good.
type Config struct {
	// Key opens every account, in base64; "" lets everybody in.
	Key string
	// Now is the clock of leases and time stamps; nil is time.Now.
	Now func() time.Time
	// Stored is told of every blob that was put, in the order in which they
	// took effect; it must be quick. The names of metadata are in lower case.
	Stored func(container, name string, metadata map[string]string)
}

// Service is the blob service of any number of accounts. It is an
// http.Handler, safe for concurrent use.
type Service struct {
	now      func() time.Time
	stored   func(container, name string, metadata map[string]string)
	verifier *sharedkey.Verifier // nil: everybody is let in
	requests atomic.Uint64
	versions atomic.Uint64

	mu       sync.Mutex
	accounts map[string]*account
}

// New makes a service without containers.
func New(cfg Config) (*Service, error) {
	s := &Service{now: cfg.Now, stored: cfg.Stored, accounts: map[string]*account{}}
	if s.stored == nil {
		s.stored = func(string, string, map[string]string) {}
	}
	if s.now == nil {
		s.now = time.Now
	}
	if cfg.Key == "" {
		return s, nil
	}
	var err error
	if s.verifier, err = sharedkey.New(sharedkey.BlobOrQueue, cfg.Key, nil); err != nil {
		return nil, fmt.Errorf("blob service: %w", err)
	}
	return s, nil
}

// account is the account of that name; it begins to exist when it is named.
func (s *Service) account(name string) *account {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[name]
	if a == nil {
		a = &account{containers: map[string]*container{}}
		s.accounts[name] = a
	}
	return a
}

// etag is a new one.
func (s *Service) etag() string { return fmt.Sprintf(`"0x8DD%012X"`, s.versions.Add(1)) }

// call is one request being answered.
type call struct {
	*Service
	w         http.ResponseWriter
	r         *http.Request
	id        string
	account   *account
	container string
	blob      string
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{Service: s, w: w, r: r, id: fmt.Sprintf("%08x-0000-4000-8000-000000626c6f", s.requests.Add(1))}
	w.Header().Set("x-ms-version", version)
	w.Header().Set("x-ms-request-id", c.id)
	if id := r.Header.Get("X-Ms-Client-Request-Id"); id != "" {
		w.Header().Set("x-ms-client-request-id", id)
	}
	if wrong := c.serve(); wrong != nil {
		c.refuse(wrong)
	}
}

func (c *call) serve() *problem {
	if wrong := c.admit(); wrong != nil {
		return wrong
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(c.r.URL.Path, "/"), "/")
	c.account = c.Service.account(name)
	c.container, c.blob, _ = strings.Cut(rest, "/")
	for _, header := range []string{"If-Modified-Since", "X-Ms-If-Tags", "X-Ms-Tags"} {
		if c.r.Header.Get(header) != "" {
			return notImplemented(header)
		}
	}
	switch {
	case c.container == "":
		return c.serveAccount()
	case c.blob == "":
		return c.serveContainer()
	case c.r.URL.Query().Get("comp") == "lease":
		return c.lease()
	case c.r.URL.Query().Get("comp") != "":
		return notImplemented("comp=" + c.r.URL.Query().Get("comp"))
	}
	return c.serveBlob()
}

// admit checks the signature.
func (c *call) admit() *problem {
	if c.verifier == nil {
		return nil
	}
	switch err := c.verifier.Verify(c.r); {
	case err == nil:
		return nil
	case errors.Is(err, sharedkey.ErrMissing):
		return &problem{http.StatusUnauthorized, "NoAuthenticationInformation", err.Error()}
	case errors.Is(err, sharedkey.ErrMalformed):
		return &problem{http.StatusBadRequest, "InvalidAuthenticationInfo", err.Error()}
	default:
		return &problem{http.StatusForbidden, "AuthenticationFailed", "Server failed to authenticate the request: " + err.Error()}
	}
}

func (c *call) refuse(p *problem) {
	c.w.Header().Set("x-ms-error-code", p.code)
	c.answer(p.status, "application/xml", p.body(c.now(), c.id))
}

// answer writes a status and a body, which may be nil.
func (c *call) answer(status int, kind string, body []byte) {
	if body != nil {
		c.w.Header().Set("Content-Type", kind)
	}
	if status != http.StatusNotModified {
		c.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	c.w.WriteHeader(status)
	if len(body) > 0 && c.r.Method != http.MethodHead && status != http.StatusNotModified {
		_, _ = c.w.Write(body) // a client that is gone has lost its answer
	}
}
