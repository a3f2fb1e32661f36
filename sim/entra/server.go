package entra

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/sim/keys"
	"github.com/samkeeper/samkeeper/sim/quota"
	"github.com/samkeeper/samkeeper/sim/world"
)

// Server is the login host. It is safe for concurrent use.
type Server struct {
	world *world.World
	ring  *keys.Ring
	mux   *http.ServeMux

	redemptions atomic.Int64 // see Dials
	used        quota.Counter
	loops       atomic.Int64

	mu      sync.Mutex
	codes   map[string]*code
	signIns map[string]*signIn
}

// New makes the login host of a world; ring signs its tokens.
func New(w *world.World, ring *keys.Ring) *Server {
	s := &Server{
		world: w, ring: ring, mux: http.NewServeMux(),
		codes: map[string]*code{}, signIns: map[string]*signIn{},
	}
	s.routes()
	return s
}

func (s *Server) routes() {
	for pattern, handler := range map[string]http.HandlerFunc{
		"GET /{tenant}/v2.0/.well-known/openid-configuration": s.version(2, s.discovery),
		"GET /{tenant}/.well-known/openid-configuration":      s.version(1, s.discovery),
		"GET /{tenant}/discovery/v2.0/keys":                   s.version(2, s.published),
		"GET /{tenant}/discovery/keys":                        s.version(1, s.published),
		"GET /{tenant}/discovery/instance":                    s.instance,
		"GET /{tenant}/oauth2/v2.0/authorize":                 s.version(2, s.authorize),
		"GET /{tenant}/oauth2/authorize":                      s.version(1, s.authorize),
		"POST /{tenant}/login":                                s.signInStep,
		"GET /{tenant}/v2.0/adminconsent":                     s.adminConsent,
		"GET /{tenant}/adminconsent":                          s.adminConsent,
		"POST /{tenant}/oauth2/v2.0/token":                    s.version(2, s.token),
		"POST /{tenant}/oauth2/token":                         s.version(1, s.token),
		"GET /error":                                          s.errorPage,
	} {
		s.mux.HandleFunc(pattern, handler)
	}
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// version binds a handler to an endpoint version.
func (s *Server) version(v int, h func(http.ResponseWriter, *http.Request, int)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { h(w, r, v) }
}

// wall is the wall clock, which clients in other processes live by.
func (s *Server) wall() time.Time { return time.Now() }

// appID is the client id of the one registered app.
func (s *Server) appID() string { return world.AppID }

// authorityName tells whether a tenant segment names no single tenant.
func authorityName(segment string) bool {
	switch strings.ToLower(segment) {
	case "common", "organizations", "consumers":
		return true
	}
	return false
}

// tenant resolves a concrete tenant segment; a deleted tenant is not found.
func (s *Server) tenant(segment string) (string, *problem) {
	tid, ok := s.world.TenantByName(segment)
	if ok {
		if c, is := s.world.Customer(tid); is && c.Gone {
			ok = false
		}
	}
	if ok {
		return tid, nil
	}
	if uuid.Validate(segment) != nil && !strings.Contains(segment, ".") {
		return "", refuse("invalid_request", 900023, "Specified tenant identifier '%s' is neither a valid DNS name, nor a valid external domain.", segment)
	}
	return "", refuse("invalid_request", 90002, "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.", segment)
}
