package identity

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/sim/keys"
	"github.com/samkeeper/samkeeper/sim/world"
)

// Path is where the endpoint answers.
const Path = "/msi/token"

const apiVersion = "2019-08-01"

// life is how long a managed identity's token lives.
const life = 24 * time.Hour

// Server is the endpoint. It is safe for concurrent use.
type Server struct {
	world  *world.World
	ring   *keys.Ring
	header string
}

// New makes the endpoint; header is the value callers must present.
func New(w *world.World, ring *keys.Ring, header string) *Server {
	return &Server{world: w, ring: ring, header: header}
}

// reply is the success body; every member is a string.
type reply struct {
	Access    string `json:"access_token"`
	ExpiresOn string `json:"expires_on"`
	Resource  string `json:"resource"`
	TokenType string `json:"token_type"`
	ClientID  string `json:"client_id"`
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	given := r.Header.Get("X-IDENTITY-HEADER")
	switch {
	case r.URL.Path != Path || r.Method != http.MethodGet:
		refuse(w, http.StatusNotFound, "not found")
		return
	case subtle.ConstantTimeCompare([]byte(given), []byte(s.header)) != 1:
		refuse(w, http.StatusUnauthorized, "the X-IDENTITY-HEADER is missing or wrong")
		return
	case query.Get("api-version") != apiVersion:
		refuse(w, http.StatusBadRequest, "unsupported api-version")
		return
	}
	var mi world.ManagedIdentity
	s.world.View(func() { mi = s.world.Partner().Identity })
	if !named(mi, query.Get("client_id"), query.Get("principal_id"), query.Get("object_id")) {
		refuse(w, http.StatusBadRequest, "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.")
		return
	}
	resource := strings.TrimSuffix(query.Get("resource"), "/.default")
	if resource == "" {
		resource = strings.TrimSuffix(query.Get("scope"), "/.default")
	}
	body, err := s.issue(mi, resource)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	writeJSON(w, http.StatusOK, body)
}

// named tells whether one of the selectors names the identity.
func named(mi world.ManagedIdentity, clientID, principalID, objectID string) bool {
	switch {
	case clientID != "":
		return strings.EqualFold(clientID, mi.ClientID)
	case principalID != "":
		return strings.EqualFold(principalID, mi.Principal)
	}
	return objectID != "" && strings.EqualFold(objectID, mi.Principal)
}

func (s *Server) issue(mi world.ManagedIdentity, resource string) (reply, error) {
	cloud, now := s.world.Cloud(), s.world.Now()
	issuer := cloud.IssuerV1(mi.Tenant)
	claims := map[string]any{"appid": mi.ClientID, "appidacr": "2", "ver": "1.0"}
	switch strings.TrimSuffix(resource, "/") {
	case cloud.FederationAudience:
		issuer = cloud.IssuerV2(mi.Tenant)
		claims = map[string]any{"azp": mi.ClientID, "azpacr": "2", "ver": "2.0"}
	case cloud.Vault, cloud.Storage, cloud.ARM, cloud.ARMLegacy, cloud.Graph:
	default:
		return reply{}, fmt.Errorf("AADSTS500011: The resource principal named %s was not found in the tenant named %s", resource, mi.Tenant)
	}
	start := now
	if wall := time.Now(); wall.Before(start) {
		start = wall
	}
	expires := now.Add(life)
	for name, value := range map[string]any{
		"aud": resource, "iss": issuer, "tid": mi.Tenant, "idtyp": "app",
		"oid": mi.Principal, "sub": mi.Principal, "uti": token(16), "rh": "1." + token(24),
		"iat": now.Unix(), "nbf": start.Unix(), "exp": expires.Unix(),
		"xms_mirid": "/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/rg-samkeeper/providers/Microsoft.ManagedIdentity/userAssignedIdentities/" + mi.Name,
	} {
		claims[name] = value
	}
	signed, err := s.ring.Sign(claims)
	if err != nil {
		return reply{}, fmt.Errorf("mint managed identity token: %w", err)
	}
	s.world.RecordSecret(signed)
	return reply{
		Access: signed, ExpiresOn: strconv.FormatInt(expires.Unix(), 10),
		Resource: resource, TokenType: "Bearer", ClientID: mi.ClientID,
	}, nil
}

func token(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(raw)
}

func refuse(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]any{"statusCode": status, "message": message})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client hung up: nobody is left to tell
}
