package keyvault

import (
	"net/http"
	"strings"

	"github.com/samkeeper/samkeeper/sim/bearer"
	"github.com/samkeeper/samkeeper/sim/world"
)

// call is an authorised request, its path taken apart.
type call struct {
	r       *http.Request
	w       http.ResponseWriter
	method  string
	root    string // "secrets", "deletedsecrets" or "keys"
	name    string
	version string // version id, "versions", "recover", "create" or empty
	act     string // what is done with a key version: "sign"
}

// dispatch finds the operation and checks the role for it. A body of noContent
// is 204.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request, who bearer.Claims) (any, *fault) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	c := call{r: r, w: w, method: r.Method, root: parts[0]}
	if len(parts) > 1 {
		c.name = parts[1]
	}
	if len(parts) > 2 {
		c.version = parts[2]
	}
	deepest := 3
	if c.root == "keys" && len(parts) > 3 {
		c.act, deepest = parts[3], 4
	}
	operation, write := s.operation(c)
	if operation == nil || len(parts) > deepest {
		return nil, faultf(http.StatusMethodNotAllowed, "MethodNotAllowed", "", "The request method %s is not allowed for this resource.", r.Method)
	}
	if c.name != "" && !validName(c.name) {
		return nil, bad("The request URI contains an invalid name: %s", c.name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.allowed(who, c, write); f != nil {
		return nil, f
	}
	return operation(c)
}

// operation is the table of what is served; write tells which role it takes.
func (s *Server) operation(c call) (do func(call) (any, *fault), write bool) {
	listing := c.version == "versions"
	switch {
	case c.root == "keys":
		return s.keyOperation(c)
	case c.root == "secrets" && c.name == "" && c.method == http.MethodGet:
		return s.list, false
	case c.root == "secrets" && c.name != "" && listing && c.method == http.MethodGet:
		return s.listVersions, false
	case c.root == "secrets" && c.name != "" && c.method == http.MethodGet:
		return s.get, false
	case c.root == "secrets" && c.name != "" && c.version == "" && c.method == http.MethodPut:
		return s.set, true
	case c.root == "secrets" && c.name != "" && !listing && c.method == http.MethodPatch:
		return s.update, true
	case c.root == "secrets" && c.name != "" && c.version == "" && c.method == http.MethodDelete:
		return s.remove, true
	case c.root == "deletedsecrets" && c.name == "" && c.method == http.MethodGet:
		return s.listDeleted, true
	case c.root == "deletedsecrets" && c.name != "" && c.version == "" && c.method == http.MethodGet:
		return s.getDeleted, true
	case c.root == "deletedsecrets" && c.version == "recover" && c.method == http.MethodPost:
		return s.recover, true
	case c.root == "deletedsecrets" && c.name != "" && c.version == "" && c.method == http.MethodDelete:
		return s.purge, true
	}
	return nil, false
}

// allowed is Azure RBAC with the managed identity's assignments: one
// for secrets, one for keys.
func (s *Server) allowed(who bearer.Claims, c call, write bool) *fault {
	owner, role := who.Object == world.IdentityPrincipal, s.role
	if c.root == "keys" {
		role = s.keyRole
	}
	if owner && (role == Officer || role == Reader && !write) {
		return nil
	}
	return faultf(http.StatusForbidden, "Forbidden", "ForbiddenByRbac",
		"Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\nCaller: appid=%s;oid=%s;iss=%s\r\nAction: 'Microsoft.KeyVault/vaults/%s'\r\nVault: %s",
		who.App, who.Object, who.Issuer, c.method+" "+c.root, c.r.Host)
}
