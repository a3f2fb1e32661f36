package graph

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/samkeeper/samkeeper/sim/bearer"
	"github.com/samkeeper/samkeeper/sim/quota"
	"github.com/samkeeper/samkeeper/sim/world"
)

// Service is the http.Handler of the API, safe for concurrent use.
type Service struct {
	world    *world.World
	verifier bearer.Verifier
	mux      *http.ServeMux
	refusals atomic.Uint64            // decides the spelling of the inner error
	active   func() map[string]string // id of an active relationship to its customer's tenant id

	units atomic.Int64 // see Dials
	used  quota.Counter
}

// New makes the service.
func New(w *world.World, v bearer.Verifier) *Service {
	s := &Service{world: w, verifier: v, mux: http.NewServeMux()}
	s.active = sync.OnceValue(s.indexActive)
	s.route("/v1.0/organization", permitted(s.organization))
	s.route("/v1.0/subscribedSkus", permitted(s.subscribedSkus, "LicenseAssignment.Read.All"))
	s.route("/v1.0/users", s.users)
	s.route("/v1.0/servicePrincipals", s.servicePrincipals)
	s.route("/v1.0/oauth2PermissionGrants", s.permissionGrants)
	s.route("/v1.0/contracts", s.contracts)
	s.route("/v1.0/me/transitiveMemberOf", s.memberships)
	s.route("/v1.0/tenantRelationships/delegatedAdminRelationships", s.relationships)
	s.route("/v1.0/tenantRelationships/delegatedAdminRelationships/{id}", s.relationship)
	s.route("/v1.0/tenantRelationships/delegatedAdminRelationships/{id}/accessAssignments", s.assignments)
	s.routeApp("GET /v1.0/applications", s.applications)
	s.routeApp("GET /v1.0/applications/{id}", s.application)
	s.routeApp("PATCH /v1.0/applications/{id}", s.patchApplication)
	s.routeApp("POST /v1.0/applications/{id}/addPassword", s.addPassword)
	s.routeApp("POST /v1.0/applications/{id}/removePassword", s.removePassword)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		stamp(w.Header(), r)
		s.refuse(w, refusal{http.StatusBadRequest, "BadRequest", "Resource not found for the segment '" + lastSegment(r.URL.Path) + "'."})
	})
	return s
}

// ServeHTTP answers one call.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// call is one request whose caller is known. Customer is nil when the token
// is the partner's own.
type call struct {
	*http.Request
	caller   bearer.Claims
	customer *world.Customer
	query    query
	now      time.Time
}

func (s *Service) route(path string, answer func(call) (any, error)) {
	s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		stamp(w.Header(), r)
		body, err := s.answer(w, r, answer)
		if err != nil {
			s.refuse(w, err)
			return
		}
		write(w, http.StatusOK, body)
	})
}

// routeApp serves what the app does to its own registration; no body is 204.
func (s *Service) routeApp(pattern string, answer func(call) (any, error)) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		stamp(w.Header(), r)
		body, err := s.answerApp(w, r, answer)
		switch {
		case err != nil:
			s.refuse(w, err)
		case body == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			write(w, http.StatusOK, body)
		}
	})
}

func (s *Service) answerApp(w http.ResponseWriter, r *http.Request, answer func(call) (any, error)) (any, error) {
	caller, err := s.verifier.Verify(r, s.world.Cloud().Graph)
	if err != nil {
		return nil, unauthenticated(err)
	}
	if err := s.take(w, caller); err != nil {
		return nil, err
	}
	if err := s.ownsApp(caller); err != nil {
		return nil, err
	}
	c := call{Request: r, caller: caller, now: s.world.Now()}
	if c.query, err = readQuery(r.URL.Query()); err != nil {
		return nil, err
	}
	return answer(c)
}

func (s *Service) answer(w http.ResponseWriter, r *http.Request, answer func(call) (any, error)) (any, error) {
	caller, err := s.verifier.Verify(r, s.world.Cloud().Graph)
	if err != nil {
		return nil, unauthenticated(err)
	}
	if err := s.take(w, caller); err != nil {
		return nil, err
	}
	c := call{Request: r, caller: caller, now: s.world.Now()}
	if c.customer, err = s.admit(caller); err != nil {
		return nil, err
	}
	if c.query, err = readQuery(r.URL.Query()); err != nil {
		return nil, err
	}
	return answer(c)
}

// directoryScopes each allow to read a customer's organization and licences.
var directoryScopes = []string{"Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}

// permitted looks at the token's delegated permissions where it is a customer's:
// one of directoryScopes, or of the others named.
func permitted(answer func(call) (any, error), others ...string) func(call) (any, error) {
	return func(c call) (any, error) {
		enough := func(scope string) bool {
			return slices.Contains(directoryScopes, scope) || slices.Contains(others, scope)
		}
		if c.customer != nil && !slices.ContainsFunc(c.caller.Scopes, enough) {
			return nil, denied
		}
		return answer(c)
	}
}

// admit finds whose data the token may read.
func (s *Service) admit(caller bearer.Claims) (*world.Customer, error) {
	if !caller.Delegated {
		return nil, denied
	}
	if world.IsPartner(caller.Tenant) {
		return nil, nil //nolint:nilnil // no customer: the partner's own directory
	}
	c, known := s.world.Customer(caller.Tenant)
	switch {
	case !known || c.Gone:
		return nil, refusal{http.StatusNotFound, "Request_ResourceNotFound", "The tenant was not found."}
	case !c.Administered() && !s.atHome(caller):
		return nil, denied
	case !c.Consented && !c.PrincipalLeft:
		return nil, refusal{http.StatusForbidden, "Authorization_IdentityNotFound", "The identity of the calling application could not be established."}
	case c.GraphRefuses:
		return nil, denied
	}
	return c, nil
}

// atHome tells an account of the customer's own directory, which needs no
// relationship, from a delegated administrator.
func (s *Service) atHome(caller bearer.Claims) bool {
	_, home := s.world.User(caller.Tenant, caller.Object)
	return home
}

var denied = refusal{http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."}

func unauthenticated(err error) error {
	text := "Access token validation failure."
	var bad *bearer.Error
	if errors.As(err, &bad) {
		switch bad.Fault {
		case bearer.Missing:
			text = "Access token is empty."
		case bearer.Expired:
			text = "Lifetime validation failed, the token is expired."
		case bearer.Audience:
			text = "Access token validation failure. Invalid audience."
		case bearer.Signature, bearer.Malformed, bearer.Issuer:
			text = "CompactToken validation failed: " + bad.Detail
		}
	}
	return refusal{http.StatusUnauthorized, "InvalidAuthenticationToken", text}
}

func lastSegment(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
