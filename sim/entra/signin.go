package entra

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/sim/world"
)

// signIn is a walk through the pages: account, sign-in, second factor, and
// consent where it is missing.
type signIn struct {
	id      string
	request authorization
	begun   time.Time
	user    world.User
	mfa     bool
}

// signInLife bounds how long the pages stay open.
const signInLife = 30 * time.Minute

func (s *Server) open(a authorization) *signIn {
	now := s.world.Now()
	flow := &signIn{id: uuid.NewString(), request: a, begun: now}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, other := range s.signIns {
		if now.Sub(other.begun) > signInLife {
			delete(s.signIns, id)
		}
	}
	s.signIns[flow.id] = flow
	return flow
}

// take removes a sign-in, so that no step of it can be done twice at once.
func (s *Server) take(id string) (*signIn, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	flow, ok := s.signIns[id]
	delete(s.signIns, id)
	return flow, ok && s.world.Now().Sub(flow.begun) <= signInLife
}

// keep puts a sign-in back for the next step.
func (s *Server) keep(flow *signIn) *signIn {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signIns[flow.id] = flow
	return flow
}

// signInStep handles the buttons of all pages.
func (s *Server) signInStep(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	flow, ok := s.take(r.PostFormValue("flow"))
	if !ok {
		s.showProblem(w, r, refuse("invalid_request", 90033, "This sign-in is over or was never begun. Start again."))
		return
	}
	switch r.PostFormValue("step") {
	case "account":
		s.chooseAccount(w, r, flow)
	case "sign-in":
		s.enter(w, r, flow)
	case "approve", "skip-mfa":
		flow.mfa = r.PostFormValue("step") == "approve" && flow.user.MFA
		s.afterFactors(w, r, flow)
	case "accept":
		s.world.Mutate(flow.user.Tenant, (*world.Customer).ConsentToAll)
		s.finish(w, r, flow)
	case "cancel":
		s.decline(w, r, flow)
	default:
		s.showProblem(w, r, refuse("invalid_request", 90014, "The required field 'step' is missing from the request."))
	}
}

func (s *Server) chooseAccount(w http.ResponseWriter, r *http.Request, flow *signIn) {
	for _, u := range s.accounts(flow.request) {
		if u.Object == r.PostFormValue("choice") {
			flow.user = u
			s.showSignIn(w, s.keep(flow))
			return
		}
	}
	s.showProblem(w, r, refuse("invalid_request", 50020, "The selected user account does not exist in tenant '%s' and cannot access the application in that tenant.", flow.request.segment))
}

// accounts are the people who can sign in at the request's authority.
func (s *Server) accounts(a authorization) []world.User {
	if tid, p := s.tenant(a.segment); p == nil {
		return s.world.Users(tid)
	}
	users := s.world.Users(world.PartnerTenantID)
	if _, domain, ok := strings.Cut(a.hint, "@"); ok {
		if tid, p := s.tenant(domain); p == nil && tid != world.PartnerTenantID {
			users = append(s.world.Users(tid), users...)
		}
	}
	return users
}

func (s *Server) enter(w http.ResponseWriter, r *http.Request, flow *signIn) {
	if flow.user.Disabled {
		s.showProblem(w, r, refuse("invalid_grant", 50057, "The user account is disabled."))
		return
	}
	s.showFactor(w, s.keep(flow))
}

func (s *Server) afterFactors(w http.ResponseWriter, r *http.Request, flow *signIn) {
	policy := s.world.Policy(flow.user.Tenant)
	if !flow.mfa && (policy.RequireMFA || policy.RequireFreshMFA) {
		s.returnProblem(w, r, flow.request, refuse("interaction_required", 50076, mfaText, flow.request.client))
		return
	}
	if customer, ok := s.world.Customer(flow.user.Tenant); flow.request.admin || ok && !customer.Consented {
		s.showConsent(w, s.keep(flow))
		return
	}
	s.finish(w, r, flow)
}

func (s *Server) decline(w http.ResponseWriter, r *http.Request, flow *signIn) {
	oauth := "access_denied"
	if flow.request.admin {
		oauth = "consent_required"
	}
	s.returnProblem(w, r, flow.request, refuse(oauth, 65004, "User declined to consent to access the app."))
}

// finish issues the code, and the id_token of the hybrid flow.
func (s *Server) finish(w http.ResponseWriter, r *http.Request, flow *signIn) {
	a := flow.request
	if a.admin {
		s.deliver(w, r, a, url.Values{"admin_consent": {"True"}, "tenant": {flow.user.Tenant}, "scope": {a.scope}})
		return
	}
	issued := s.issueCode(flow)
	values := url.Values{"code": {issued.value}, "session_state": {uuid.NewString()}}
	if a.clientInfo {
		values.Set("client_info", clientInfo(flow.user))
	}
	if a.hybrid() {
		in := session{tenant: flow.user.Tenant, user: flow.user, amr: methods(flow.mfa)}
		token, err := s.idToken(a.version, in, a.nonce, issued.value, s.world.Now())
		if err != nil {
			s.returnProblem(w, r, a, refuse("server_error", 90033, "A transient error has occurred: %v", err))
			return
		}
		values.Set("id_token", token)
	}
	s.deliver(w, r, a, values)
}
