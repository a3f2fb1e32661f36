package entra

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const (
	// attemptTimeout ends one request to the login endpoint, body included.
	attemptTimeout = 20 * time.Second
	// maxBody is how much of any answer is read.
	maxBody = 1 << 20
)

// Config says how to reach one app registration in one cloud.
type Config struct {
	Cloud      cloud.Cloud
	LoginURL   string // where to connect; "" means Cloud.Login
	App        sam.AppID
	Credential AppCredential    // a *Ladder, or one credential
	HTTP       *http.Client     // nil means a client of its own
	Now        func() time.Time // nil means time.Now
	// Unknown is told of a problem whose code is in no table, once per code and
	// client; it may be called side by side for different codes. nil means
	// nobody listens.
	Unknown func(*sam.Problem)
}

// Client talks to the login endpoints as one app. It is safe for concurrent
// use and starts no goroutine of its own.
type Client struct {
	cloud      cloud.Cloud
	login      string
	app        sam.AppID
	credential *Ladder
	http       *http.Client
	now        func() time.Time
	unknown    reporter

	mu   sync.Mutex
	keys map[sam.TenantID]*oidc.RemoteKeySet // allow-listed tenants only, so bounded
}

// New returns a client. The given http.Client is copied; the copy follows no
// redirect, reads bounded bodies and ends an attempt after 20 seconds at most.
func New(cfg Config) *Client {
	c := &Client{
		cloud:      cfg.Cloud,
		login:      strings.TrimRight(cfg.LoginURL, "/"),
		app:        cfg.App,
		credential: ladderOf(cfg.Credential),
		http:       guarded(cfg.HTTP),
		now:        cfg.Now,
		unknown:    reporter{tell: cfg.Unknown},
		keys:       make(map[sam.TenantID]*oidc.RemoteKeySet),
	}
	if c.login == "" {
		c.login = cfg.Cloud.Login
	}
	if c.now == nil {
		c.now = time.Now
	}
	return c
}

// ladderOf makes a single credential a ladder of one rung; nil stays nil.
func ladderOf(credential AppCredential) *Ladder {
	if l, ok := credential.(*Ladder); ok || credential == nil {
		return l
	}
	return NewLadder(LadderConfig{Rungs: []Rung{{Name: "the only one", Credential: credential}}})
}

// guarded copies base and puts the house rules on the copy.
func guarded(base *http.Client) *http.Client {
	if base == nil {
		base = &http.Client{}
	}
	c := *base
	if c.Timeout <= 0 || c.Timeout > attemptTimeout {
		c.Timeout = attemptTimeout
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	c.Transport = boundedReads{c.Transport}
	return &c
}

// boundedReads cuts every response body off after maxBody bytes.
type boundedReads struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b boundedReads) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxBody), resp.Body}
	return resp, nil
}

// tokenURL is the v2.0 token endpoint of a tenant.
func (c *Client) tokenURL(t sam.TenantID) string {
	return c.login + "/" + string(t) + "/oauth2/v2.0/token"
}
