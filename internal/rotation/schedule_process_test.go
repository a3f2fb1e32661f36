package rotation_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// mishap is what befalls one remote call of a process.
type mishap string

const (
	diesBefore  mishap = "dies-before"  // the process ends; the request never left
	diesAfter   mishap = "dies-after"   // the process ends; the request took effect
	requestLost mishap = "request-lost" // this call fails and did nothing
	answerLost  mishap = "answer-lost"  // this call fails and took effect
	unavailable mishap = "unavailable"  // HTTP 503, nothing happened
	twice       mishap = "twice"        // a client library repeats a request whose answer was lost
	sleeps      mishap = "sleeps"       // the process stands still for longer than a lease, then goes on
)

// nap is longer than a lease.
const nap = 2 * time.Minute

// process is one process: every remote call of it passes through here and is
// counted. To the world it is dead when none of its calls has an effect any more.
type process struct {
	stage   *stage
	name    string
	skew    time.Duration  // its clock is so far ahead of the true one
	mishaps map[int]mishap // by number of the call, from 1
	park    func(n int)    // called before each call; may wait for a turn

	calls int
	names []string // of the calls made
	hits  int      // mishaps that came to pass
	dead  bool
}

// clock is what the process takes for the time.
func (p *process) clock() time.Time { return p.stage.cloud.World.Now().Add(p.skew) }

// remote makes one remote call.
func remote[T any](p *process, what string, act func() (T, error)) (T, error) {
	var none T
	if p.park != nil && !p.dead {
		p.park(p.calls + 1)
	}
	if p.dead {
		return none, errGone
	}
	p.calls++
	p.names = append(p.names, what)
	p.stage.tick()
	fate := p.mishaps[p.calls]
	if _, isHTTP := any(none).(*http.Response); !isHTTP && (fate == unavailable || fate == twice) {
		fate = "" // does not exist for this call
	}
	if fate != "" {
		p.hits++
	}
	p.stage.note(p.name, what, fate)
	switch fate {
	case diesBefore:
		p.dead = true
		return none, errGone
	case requestLost, unavailable:
		return none, errGone
	case sleeps:
		p.stage.cloud.World.Advance(nap)
	case twice:
		_, _ = act()
	case diesAfter, answerLost: // see below
	}
	v, err := act()
	p.stage.watch(p.name + " " + what)
	p.dead = p.dead || fate == diesAfter
	if p.dead || fate == answerLost {
		return none, errGone
	}
	return v, err
}

func remotely(p *process, what string, act func() error) error {
	_, err := remote(p, what, func() (struct{}, error) { return struct{}{}, act() })
	return err
}

// processKey finds the process in the context of a request.
type processKey struct{}

// wire is the transport of all processes of all schedules: it hands a request
// to the cloud that its process lives in.
type wire struct{}

// Do implements policy.Transporter.
func (w wire) Do(req *http.Request) (*http.Response, error) { return w.RoundTrip(req) }

// RoundTrip implements http.RoundTripper.
func (wire) RoundTrip(req *http.Request) (*http.Response, error) {
	p, ok := req.Context().Value(processKey{}).(*process)
	if !ok {
		return nil, errGone
	}
	var body []byte
	if req.Body != nil {
		defer func() { _ = req.Body.Close() }()
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	what := route(req)
	before := p.hits
	resp, err := remote(p, what, func() (*http.Response, error) {
		again := req.Clone(req.Context())
		again.Body = io.NopCloser(strings.NewReader(string(body)))
		return p.stage.cloud.RoundTrip(again)
	})
	if err != nil && p.hits > before && p.mishaps[p.calls] == unavailable {
		return &http.Response{
			Status: "503 Service Unavailable", StatusCode: http.StatusServiceUnavailable, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{}, Body: http.NoBody, Request: req,
		}, nil
	}
	return resp, err
}

// route names a request without the ids in it.
func route(req *http.Request) string {
	parts := strings.Split(strings.Trim(req.URL.Path, "/"), "/")
	switch {
	case req.Method == http.MethodPost:
		return "redeem"
	case req.Method != http.MethodGet:
		return req.Method
	case len(parts) < 2:
		return "GET names"
	case len(parts) < 3 || parts[2] == "":
		return "GET newest"
	case parts[2] == "versions":
		return "GET versions"
	}
	return "GET version"
}

type processLedger struct{ p *process }

func (l processLedger) Connection(ctx context.Context, c sam.ConnectionID) (ledger.Connection, error) {
	return remote(l.p, "read row", func() (ledger.Connection, error) { return l.p.stage.ledger.Connection(ctx, c) })
}

func (l processLedger) Connections(ctx context.Context) ([]ledger.Connection, error) {
	return remote(l.p, "list rows", func() ([]ledger.Connection, error) { return l.p.stage.ledger.Connections(ctx) })
}

func (l processLedger) PutConnection(ctx context.Context, c ledger.Connection) error {
	return remotely(l.p, "write row", func() error { return l.p.stage.ledger.PutConnection(ctx, c) })
}

func (l processLedger) ChangeConnection(ctx context.Context, c sam.ConnectionID, change func(*ledger.Connection) bool) (bool, error) {
	return remote(l.p, "change row", func() (bool, error) { return l.p.stage.ledger.ChangeConnection(ctx, c, change) })
}

func (l processLedger) Record(ctx context.Context, a ledger.Audit) error {
	return remotely(l.p, "audit "+a.Phase, func() error { return l.p.stage.ledger.Record(ctx, a) })
}

type processLocks struct{ p *process }

func (l processLocks) Acquire(_ context.Context, name string, ttl time.Duration) (rotation.Lease, error) {
	held, err := remote(l.p, "acquire", func() (rotation.Lease, error) { return l.p.stage.locks.acquire(name, ttl) })
	if err != nil {
		return nil, err
	}
	return processLease{l.p, held}, nil
}

type processLease struct {
	p    *process
	held rotation.Lease
}

func (l processLease) Renew(ctx context.Context) error {
	return remotely(l.p, "renew", func() error { return l.held.Renew(ctx) })
}

func (l processLease) Release(ctx context.Context) error {
	return remotely(l.p, "release", func() error { return l.held.Release(ctx) })
}
