package entra

import (
	"slices"
	"strings"
)

// openIDScopes bring back an id_token and a refresh token; they name no resource.
var openIDScopes = []string{"openid", "profile", "offline_access"}

// withOpenID returns the scope's parts with the OpenID scopes that are missing.
func withOpenID(scope string) []string {
	parts := strings.Fields(scope)
	for _, s := range openIDScopes {
		if !slices.Contains(parts, s) {
			parts = append(parts, s)
		}
	}
	return parts
}

// resources lists the distinct resources a scope names: the part before the
// last single slash of "https://graph.microsoft.com/.default". A bare
// permission ("User.Read") means Microsoft Graph, as it does to Entra.
func resources(scope string) []string {
	var found []string
	for _, s := range strings.Fields(scope) {
		if slices.Contains(openIDScopes, s) || s == "email" {
			continue
		}
		resource := ""
		if i := strings.LastIndexByte(s, '/'); i > 0 {
			resource = strings.TrimRight(s[:i], "/")
		}
		if !slices.Contains(found, resource) {
			found = append(found, resource)
		}
	}
	return found
}
