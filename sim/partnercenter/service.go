package partnercenter

import (
	"net/http"
	"sync"
	"time"

	"github.com/samkeeper/samkeeper/sim/bearer"
	"github.com/samkeeper/samkeeper/sim/quota"
	"github.com/samkeeper/samkeeper/sim/world"
)

// Dials change how the service behaves. The zero value enforces nothing.
type Dials struct {
	// MFAShare is the percentage of calls by a user without a second factor
	// that are refused: 0 to 100. Enforcement was ramped up by share.
	MFAShare int `json:"mfa_share"`
	// MFAPhrase refuses in the old way: reason phrase "Unauthorized - MFA
	// required" and no body, instead of error 900421.
	MFAPhrase bool `json:"mfa_phrase"`
	// MFAIgnored takes every user's token for one without a second factor, as
	// the service does with a factor it does not recognise.
	MFAIgnored bool `json:"mfa_ignored"`
	// ExistsAsBadRequest answers a repeated consent with 400 instead of 409.
	ExistsAsBadRequest bool `json:"exists_as_bad_request"`
	// ConsentSpread is how many seconds the login hosts need to learn of a
	// consent; 0 is at once.
	ConsentSpread int `json:"consent_spread"`
	// MergeConsents adds the scopes of a further consent to those the resource
	// has, instead of refusing it.
	MergeConsents bool `json:"merge_consents"`
	// CallsPerMinute is the quota of each partner tenant; 0 means none.
	CallsPerMinute int `json:"calls_per_minute"`
	// CustomerCallsPerMinute is the quota of each partner tenant for one
	// customer; 0 means none.
	CustomerCallsPerMinute int `json:"customer_calls_per_minute"`
}

// Service is the http.Handler of the API, safe for concurrent use.
type Service struct {
	world    *world.World
	verifier bearer.Verifier
	mux      *http.ServeMux

	mu       sync.Mutex
	dials    Dials
	calls    quota.Counter
	ramp     int // calls without a second factor so far
	adoption map[string]*adoption
}

// usualSpread is at the lower end of the seconds to minutes that are seen.
const usualSpread = 2

// New makes the service. MFA is enforced on every call, as it is since 2026.
func New(w *world.World, v bearer.Verifier) *Service {
	s := &Service{
		world: w, verifier: v, mux: http.NewServeMux(),
		dials: Dials{MFAShare: 100, ConsentSpread: usualSpread}, adoption: map[string]*adoption{},
	}
	s.route("GET /v1/customers", s.listCustomers, appOnlyAllowed)
	s.route("GET /v1/customers/{customer}", s.getCustomer)
	s.route("GET /v1/customers/{customer}/profiles/company", s.getCompany)
	s.route("GET /v1/customers/{customer}/subscriptions", s.listSubscriptions)
	s.route("GET /v1/customers/{customer}/users", s.listUsers)
	s.route("GET /v1/customers/{customer}/subscribedskus", s.listSKUs)
	s.route("POST /v1/customers/{customer}/applicationconsents", s.postConsent)
	s.route("DELETE /v1/customers/{customer}/applicationconsents/{application}", s.deleteConsent)
	s.route("GET /v1/applicationmfaadoptionstatus", s.listAdoption)
	s.mux.HandleFunc("/generatetoken", func(w http.ResponseWriter, r *http.Request) {
		stamp(w.Header(), r)
		refuse(w, refusal{http.StatusGone, 1000, "Token exchange is retired: send the Entra access token itself."})
	})
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		stamp(w.Header(), r)
		refuse(w, refusal{http.StatusNotFound, 1000, "No such resource: " + r.Method + " " + r.URL.Path})
	})
	return s
}

// Set changes the dials.
func (s *Service) Set(change func(*Dials)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.dials)
}

// Dials is a copy of the dials.
func (s *Service) Dials() Dials {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

// ServeHTTP answers one call.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// call is one request whose caller is known.
type call struct {
	*http.Request
	caller bearer.Claims
	now    time.Time
}

// reply is what a route answers; a nil body means none is sent.
type reply struct {
	status int
	body   any
}

// ok is the usual answer.
func ok(body any) (reply, error) { return reply{http.StatusOK, body}, nil }

// access says what a route asks of its caller beyond a user with MFA.
type access int

// appOnlyAllowed lets tokens without a user in.
const appOnlyAllowed access = 1

// route registers an answer behind headers, quota, token and MFA checks.
func (s *Service) route(pattern string, answer func(call) (reply, error), allowed ...access) {
	appOnly := len(allowed) > 0
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		stamp(w.Header(), r)
		now := s.world.Now()
		caller, err := s.verifier.Verify(r, s.world.Cloud().PartnerCenter)
		if wait := s.take(r, caller, now); wait > 0 {
			throttle(w, wait)
			return
		}
		if err == nil {
			err = s.admit(w, r, caller, appOnly)
		} else {
			err = unauthenticated(err)
		}
		if err != nil {
			refuse(w, err)
			return
		}
		got, err := answer(call{r, caller, now})
		if err != nil {
			refuse(w, err)
			return
		}
		write(w, got)
	})
}
