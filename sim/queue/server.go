package queue

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/sim/sharedkey"
)

// Options says what the service lives on. The zero value is the emulator's key
// and the real clock.
type Options struct {
	Key string           // base64; empty: sharedkey.EmulatorKey
	Now func() time.Time // clock of visibility and expiry; nil: time.Now
	// Fate decides what befalls a request; nil: nothing. It is called from
	// many goroutines.
	Fate func(Call) Mishap
}

// Server is the service, an http.Handler. It is safe for concurrent use.
type Server struct {
	verifier *sharedkey.Verifier
	now      func() time.Time
	fate     func(Call) Mishap
	counts   [operations]counter

	mu       sync.RWMutex
	accounts map[string]map[string]*queue
}

// New makes a service without queues; the error is that of a key that is not
// base64.
func New(options Options) (*Server, error) {
	if options.Key == "" {
		options.Key = sharedkey.EmulatorKey
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	verifier, err := sharedkey.New(sharedkey.BlobOrQueue, options.Key, nil)
	if err != nil {
		return nil, err
	}
	return &Server{verifier: verifier, now: options.Now, fate: options.Fate, accounts: map[string]map[string]*queue{}}, nil
}

// call is a request, its path taken apart.
type call struct {
	r       *http.Request
	header  http.Header // of the answer
	account string
	queue   string
	message string
	now     time.Time
	query   map[string][]string
	mishap  Mishap
}

// parameter is a query parameter's first value.
func (c *call) parameter(name string) string {
	if values := c.query[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// defaultVersion is answered to clients that name none.
const defaultVersion = "2026-04-06"

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head(w.Header(), r.Header)
	f := refused(s.verifier.Verify(r))
	if f == nil {
		f = s.serve(w, r)
	}
	if f != nil {
		writeFault(w, f)
	}
}

// head sets the headers of every answer.
func head(h, asked http.Header) {
	h["Server"] = []string{"Windows-Azure-Queue/1.0 Microsoft-HTTPAPI/2.0"}
	h["X-Ms-Request-Id"] = []string{uuid.NewString()}
	if id := asked.Get("X-Ms-Client-Request-Id"); id != "" {
		h["X-Ms-Client-Request-Id"] = []string{id}
	}
	h["X-Ms-Version"] = []string{cmp.Or(asked.Get("X-Ms-Version"), defaultVersion)}
}

// serve answers a request that proved itself, unless there is a fault.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) *fault {
	if version := w.Header().Get("X-Ms-Version"); !validVersion(version) {
		return invalidHeader("x-ms-version", version)
	}
	c := &call{r: r, header: w.Header(), now: s.now(), query: r.URL.Query()}
	op, perform, f := s.route(c)
	if f != nil {
		return f
	}
	s.counts[op].add()
	if s.fate != nil {
		hidden, _ := strconv.Atoi(c.parameter("visibilitytimeout")) // what is no number is refused later
		c.mishap = s.fate(Call{Account: c.account, Queue: c.queue, Operation: op, Hidden: seconds(hidden)})
	}
	if status := c.mishap.Refuse; status != 0 {
		return serverFault(status)
	}
	answer, f := perform(c)
	if c.mishap.LoseAnswer {
		panic(http.ErrAbortHandler) // net/http cuts the connection
	}
	if f == nil {
		answer.write(w)
	}
	return f
}

// find is a queue by the call's account and name.
func (s *Server) find(c *call) (*queue, *fault) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if q := s.accounts[c.account][c.queue]; q != nil {
		return q, nil
	}
	return nil, faultf(http.StatusNotFound, "QueueNotFound", "The specified queue does not exist.")
}

// validVersion wants a date; which dates are versions is not checked.
func validVersion(version string) bool {
	_, err := time.Parse(time.DateOnly, version)
	return err == nil
}

// validName is the rule for queue names: 3 to 63 lower-case letters, digits and
// single dashes, none at the ends.
func validName(name string) *fault {
	if len(name) < 3 || len(name) > 63 {
		return faultf(http.StatusBadRequest, "OutOfRangeInput", "The specified resource name length is not within the permissible limits.")
	}
	good := !strings.Contains(name, "--") && name[0] != '-' && name[len(name)-1] != '-'
	for _, c := range []byte(name) {
		good = good && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-')
	}
	if !good {
		return faultf(http.StatusBadRequest, "InvalidResourceName", "The specified resource name contains invalid characters.")
	}
	return nil
}
