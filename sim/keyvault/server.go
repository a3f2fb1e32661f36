package keyvault

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/sim/bearer"
	"github.com/samkeeper/samkeeper/sim/world"
)

// Role is what the managed identity may do in the vault.
type Role string

// The roles, after Azure's built-in ones.
const (
	Officer Role = "officer" // Key Vault Secrets Officer, Crypto Officer: everything
	Reader  Role = "reader"  // Key Vault Secrets User, Crypto User: read values, use keys
	NoRole  Role = "none"    // no assignment: ForbiddenByRbac for all
)

// Server is one vault. It is safe for concurrent use.
type Server struct {
	world *world.World
	auth  bearer.Verifier

	mu      sync.Mutex
	role    Role // for secrets
	keyRole Role
	live    map[string]*secret
	deleted map[string]*secret
	keys    map[string]*key
}

// New makes an empty vault that the partner's managed identity owns.
func New(w *world.World, auth bearer.Verifier) *Server {
	return &Server{
		world: w, auth: auth, role: Officer, keyRole: Officer,
		live: map[string]*secret{}, deleted: map[string]*secret{}, keys: map[string]*key{},
	}
}

// SetKeyRole changes what the managed identity may do with keys from now on.
func (s *Server) SetKeyRole(role Role) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keyRole = role
}

// SetRole changes what the managed identity may do with secrets from now on.
func (s *Server) SetRole(role Role) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.role = role
}

// Preset stores a new version of a secret, as an operator would by hand.
func (s *Server) Preset(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(name, setBody{Value: value})
}

// Versions counts the versions of every live secret, by name.
func (s *Server) Versions() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[string]int, len(s.live))
	for name, sec := range s.live {
		counts[name] = len(sec.versions)
	}
	return counts
}

// Stored is one version of a secret, as it lies in the vault.
type Stored struct {
	ID      string
	Value   string
	Source  string // tag "source"
	Enabled bool
}

// Stored lists the versions of a secret, oldest first, past roles and tokens:
// for whoever watches the vault from outside.
func (s *Server) Stored(name string) []Stored {
	s.mu.Lock()
	defer s.mu.Unlock()
	sec, ok := s.live[name]
	if !ok {
		return nil
	}
	list := make([]Stored, 0, len(sec.versions))
	for _, v := range sec.versions {
		list = append(list, Stored{ID: v.id, Value: v.value, Source: v.tags["source"], Enabled: v.enabled()})
	}
	return list
}

// noContent is the body of an answer without one: 204.
type noContent struct{}

// fault is a refusal in Key Vault's shape.
type fault struct {
	status  int
	code    string
	inner   string
	message string
}

func (f *fault) Error() string { return f.code + ": " + f.message }

func faultf(status int, code, inner, format string, args ...any) *fault {
	return &fault{status: status, code: code, inner: inner, message: fmt.Sprintf(format, args...)}
}

func bad(format string, args ...any) *fault {
	return faultf(http.StatusBadRequest, "BadParameter", "", format, args...)
}

// apiVersion is the form of the versions that have the secret shapes served
// here: 7.0 to 7.6 and the dated ones since 2025.
var apiVersion = regexp.MustCompile(`^(7\.[0-6](-preview(\.\d)?)?|20\d\d-\d\d-\d\d(-preview)?)$`)

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.headers(w, r)
	claims, err := s.auth.Verify(r, s.world.Cloud().Vault)
	if err == nil && claims.Tenant != world.PartnerTenantID {
		err = &bearer.Error{Fault: bearer.Issuer, Detail: "tenant " + claims.Tenant}
	}
	if err != nil {
		s.challenge(w, err)
		return
	}
	if !apiVersion.MatchString(r.URL.Query().Get("api-version")) {
		writeFault(w, bad("Invalid or missing api-version: %q", r.URL.Query().Get("api-version")))
		return
	}
	body, f := s.dispatch(w, r, claims)
	switch {
	case f != nil:
		writeFault(w, f)
	case body == noContent{}:
		w.WriteHeader(http.StatusNoContent)
	default:
		writeJSON(w, http.StatusOK, body)
	}
}

func (s *Server) headers(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("Pragma", "no-cache")
	h.Set("Expires", "-1")
	h.Set("x-ms-keyvault-region", "westeurope")
	h.Set("x-ms-keyvault-service-version", "1.9.2500.1")
	h.Set("x-ms-request-id", uuid.NewString())
	if id := r.Header.Get("x-ms-client-request-id"); id != "" {
		h.Set("x-ms-client-request-id", id)
	}
}

// challenge is the 401 that tells clients which tenant and resource a token
// must be for.
func (s *Server) challenge(w http.ResponseWriter, err error) {
	cloud := s.world.Cloud()
	message, detail := "AKV10000: Request is missing a Bearer or PoP token.", ""
	var refused *bearer.Error
	if errors.As(err, &refused) && refused.Fault != bearer.Missing {
		message = explain(cloud, refused)
		detail = `, error="invalid_token", error_description="` + strings.ReplaceAll(message, `"`, "'") + `"`
	}
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization="%s/%s", resource="%s"%s`,
		cloud.Login, world.PartnerTenantID, cloud.Vault, detail))
	writeFault(w, faultf(http.StatusUnauthorized, "Unauthorized", "", "%s", message))
}

func explain(cloud world.Cloud, e *bearer.Error) string {
	switch e.Fault {
	case bearer.Audience:
		return "AKV10022: Invalid audience. Expected " + cloud.Vault + ", found: " + e.Claims.Audience + "."
	case bearer.Issuer:
		return "AKV10032: Invalid issuer. Expected " + cloud.IssuerV1(world.PartnerTenantID) + ", found: " + e.Detail + "."
	case bearer.Expired:
		return "[TokenExpired] Error validating token: 'S2S12005'."
	case bearer.Missing, bearer.Malformed, bearer.Signature:
	}
	return "[BearerReadAccessTokenFailed] Error validating token: 'S2S12001'."
}

func writeFault(w http.ResponseWriter, f *fault) {
	body := map[string]any{"code": f.code, "message": f.message}
	if f.inner != "" {
		body["innererror"] = map[string]string{"code": f.inner}
	}
	writeJSON(w, f.status, map[string]any{"error": body})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client hung up: nobody is left to tell
}
