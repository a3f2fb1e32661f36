package table

import (
	"errors"
	"fmt"
	"io"
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
const version = "2019-02-02"

// maxBody is the most bytes of a request: those of a transaction.
const maxBody = 4 << 20

var tableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{2,62}$`)

// Config describes a service; the zero value is good.
type Config struct {
	// Key opens every account, in base64; "" lets everybody in.
	Key string
	// Now is the clock of time stamps; nil is time.Now.
	Now func() time.Time
}

// Service is the table service of any number of accounts. It is an
// http.Handler, safe for concurrent use.
type Service struct {
	now      func() time.Time
	verifier *sharedkey.Verifier // nil: everybody is let in
	requests atomic.Uint64

	mu       sync.Mutex
	accounts map[string]*account
	last     time.Time // the newest time stamp given out
}

// New makes a service without tables.
func New(cfg Config) (*Service, error) {
	s := &Service{now: cfg.Now, accounts: map[string]*account{}}
	if s.now == nil {
		s.now = time.Now
	}
	if cfg.Key == "" {
		return s, nil
	}
	var err error
	if s.verifier, err = sharedkey.New(sharedkey.Table, cfg.Key, nil); err != nil {
		return nil, fmt.Errorf("table service: %w", err)
	}
	return s, nil
}

// account is the account of that name; it begins to exist when it is named.
func (s *Service) account(name string) *account {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[name]
	if a == nil {
		a = &account{tables: map[string]*table{}}
		s.accounts[name] = a
	}
	return a
}

// tick is the time of a write: no two are the same.
func (s *Service) tick() time.Time {
	const step = 100 * time.Nanosecond
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now().UTC().Truncate(step)
	if !now.After(s.last) {
		now = s.last.Add(step)
	}
	s.last = now
	return now
}

// call is one request being answered.
type call struct {
	*Service
	w       http.ResponseWriter
	r       *http.Request
	id      string
	account *account
	base    string // address of the account, for metadata
	target  target
	body    []byte
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{Service: s, w: w, r: r, id: fmt.Sprintf("%08x-0000-4000-8000-7461626c6573", s.requests.Add(1))}
	w.Header().Set("x-ms-version", version)
	w.Header().Set("x-ms-request-id", c.id)
	w.Header().Set("Cache-Control", "no-cache")
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
	c.account, c.base = c.Service.account(name), "http://"+c.r.Host+"/"+name
	var wrong *problem
	if c.target, wrong = parseTarget(rest); wrong != nil {
		return wrong
	}
	var err error
	if c.body, err = io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody)); err != nil {
		return tooLarge("RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit.")
	}
	switch c.target.table {
	case "Tables":
		return c.tables()
	case "$batch":
		return c.batch()
	}
	return c.entities()
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
		return refuse(http.StatusUnauthorized, "NoAuthenticationInformation", err.Error())
	case errors.Is(err, sharedkey.ErrMalformed):
		return invalid("InvalidAuthenticationInfo", err.Error())
	default:
		return refuse(http.StatusForbidden, "AuthenticationFailed", "Server failed to authenticate the request: "+err.Error())
	}
}

func (c *call) refuse(p *problem) { c.answer(p.status, p.body(c.now(), c.id)) }

// answer writes a status and a body, which may be nil.
func (c *call) answer(status int, body []byte) {
	if body != nil {
		c.w.Header().Set("Content-Type", jsonType)
	}
	c.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(status)
	if len(body) > 0 {
		_, _ = c.w.Write(body) // a client that is gone has lost its answer
	}
}
