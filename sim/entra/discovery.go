package entra

import (
	"net/http"
	"strings"

	"github.com/samkeeper/samkeeper/sim/world"
)

// discovery is the OpenID configuration. Endpoints point at this listener, the
// issuer is the cloud's real one; for common and organizations it holds the
// literal {tenantid}.
func (s *Server) discovery(w http.ResponseWriter, r *http.Request, version int) {
	segment := r.PathValue("tenant")
	issuerTenant := "{tenantid}"
	if !authorityName(segment) {
		tid, p := s.tenant(segment)
		if p != nil {
			s.writeProblem(w, r, p)
			return
		}
		issuerTenant = tid
	}
	base := "https://" + r.Host + "/" + segment
	cloud := s.world.Cloud()
	issuer, oauth, discovery := cloud.IssuerV2(issuerTenant), base+"/oauth2/v2.0", base+"/discovery/v2.0/keys"
	if version == 1 {
		issuer, oauth, discovery = cloud.IssuerV1(issuerTenant), base+"/oauth2", base+"/discovery/keys"
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"token_endpoint":                        oauth + "/token",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"jwks_uri":                              discovery,
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"response_types_supported":              []string{"code", "id_token", "code id_token", "id_token token"},
		"scopes_supported":                      oidcScopes,
		"issuer":                                issuer,
		"request_uri_parameter_supported":       false,
		"userinfo_endpoint":                     cloud.Graph + "/oidc/userinfo",
		"authorization_endpoint":                oauth + "/authorize",
		"http_logout_supported":                 true,
		"frontchannel_logout_supported":         true,
		"end_session_endpoint":                  oauth + "/logout",
		"claims_supported":                      []string{"sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email"},
		"tenant_region_scope":                   regionScope(issuerTenant),
		"cloud_instance_name":                   instanceName(cloud),
		"msgraph_host":                          strings.TrimPrefix(cloud.Graph, "https://"),
	})
}

func regionScope(tenant string) any {
	if tenant == "{tenantid}" {
		return nil
	}
	return "EU"
}

// instanceName is "microsoftonline.com" and its national siblings.
func instanceName(c world.Cloud) string {
	_, name, _ := strings.Cut(strings.TrimPrefix(c.Login, "https://"), ".")
	return name
}

// published is the key set, each key with the issuer it may sign for.
func (s *Server) published(w http.ResponseWriter, r *http.Request, version int) {
	issuerTenant := "{tenantid}"
	if segment := r.PathValue("tenant"); !authorityName(segment) {
		tid, p := s.tenant(segment)
		if p != nil {
			s.writeProblem(w, r, p)
			return
		}
		issuerTenant = tid
	}
	cloud := s.world.Cloud()
	issuer := cloud.IssuerV2(issuerTenant)
	if version == 1 {
		issuer = cloud.IssuerV1(issuerTenant)
	}
	w.Header().Set("Cache-Control", "max-age=86400, private")
	writeJSON(w, http.StatusOK, map[string]any{"keys": s.ring.Published(instanceName(cloud), issuer)})
}

// instance is the authority discovery of Microsoft's client libraries.
func (s *Server) instance(w http.ResponseWriter, r *http.Request) {
	base := "https://" + r.Host + "/" + r.PathValue("tenant")
	writeJSON(w, http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": base + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []any{map[string]any{
			"preferred_network": r.Host, "preferred_cache": r.Host, "aliases": []string{r.Host},
		}},
	})
}
