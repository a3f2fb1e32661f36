package entra

import (
	"net/url"
	"slices"
	"strings"
)

// authorization is a parsed authorize request.
type authorization struct {
	version    int
	segment    string // tenant segment of the URL
	client     string
	redirect   string
	kind       string // response_type, words sorted
	mode       string // query, fragment or form_post
	scope      string
	resource   string // v1.0 only
	state      string
	nonce      string
	challenge  string
	method     string // S256 or plain
	prompt     string
	hint       string
	clientInfo bool
	admin      bool // an admin consent request, which ends without a code
}

// hybrid tells whether an id_token comes with the code.
func (a authorization) hybrid() bool { return a.kind == "code id_token" }

// parseAuthorization reads the query of an authorize request; it refuses
// nothing, since who may be told of a fault depends on the redirect_uri.
func parseAuthorization(version int, segment string, q url.Values) authorization {
	kind := strings.Fields(q.Get("response_type"))
	slices.Sort(kind)
	a := authorization{
		version: version, segment: segment,
		client: q.Get("client_id"), redirect: q.Get("redirect_uri"),
		kind: strings.Join(kind, " "), mode: q.Get("response_mode"),
		scope: q.Get("scope"), resource: q.Get("resource"),
		state: q.Get("state"), nonce: q.Get("nonce"),
		challenge: q.Get("code_challenge"), method: q.Get("code_challenge_method"),
		prompt: q.Get("prompt"), hint: q.Get("login_hint"), clientInfo: q.Get("client_info") == "1",
	}
	if a.challenge != "" && a.method == "" {
		a.method = "plain"
	}
	if a.mode == "" {
		a.mode = "query"
		if a.hybrid() {
			a.mode = "fragment"
		}
	}
	return a
}

// checkClient finds the faults that must be shown on a page, because the
// redirect_uri cannot be trusted yet. It fills in the only registered reply
// address when the request names none.
func (s *Server) checkClient(a *authorization) *problem {
	if a.client == "" {
		return missing("client_id")
	}
	if !authorityName(a.segment) {
		if _, p := s.tenant(a.segment); p != nil {
			return p
		}
	}
	if p := s.checkApp(a.client, a.segment); p != nil {
		return p
	}
	var registered []string
	s.world.View(func() { registered = slices.Clone(s.world.Partner().App.RedirectURIs) })
	if a.redirect == "" && len(registered) == 1 {
		a.redirect = registered[0]
	}
	for _, uri := range registered {
		if sameRedirect(uri, a.redirect) {
			return nil
		}
	}
	return refuse("invalid_request", 50011, "The redirect URI '%s' specified in the request does not match the redirect URIs configured for the application '%s'. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal.", a.redirect, a.client)
}

// sameRedirect is an exact comparison, except that the port of a plain http
// loopback address does not count (RFC 8252, section 7.3).
func sameRedirect(registered, asked string) bool {
	if registered == asked {
		return true
	}
	r, err := url.Parse(registered)
	if err != nil {
		return false
	}
	u, err := url.Parse(asked)
	if err != nil || u.User != nil || u.RawQuery != r.RawQuery || u.Fragment != "" {
		return false
	}
	loopback := r.Scheme == "http" && (r.Hostname() == "localhost" || r.Hostname() == "127.0.0.1")
	return loopback && u.Scheme == r.Scheme && u.Hostname() == r.Hostname() && u.EscapedPath() == r.EscapedPath()
}

// checkRequest finds the faults that are sent back to the redirect_uri.
func (s *Server) checkRequest(a authorization) *problem {
	var idTokens bool
	s.world.View(func() { idTokens = s.world.Partner().App.IDTokens })
	switch {
	case a.kind == "":
		return missing("response_type")
	case a.kind != "code" && !a.hybrid():
		return refuse("unsupported_response_type", 70005, "response_type '%s' is not supported for the application.", a.kind)
	case a.hybrid() && !idTokens:
		return refuse("unsupported_response_type", 700054, "response_type 'id_token' is not enabled for the application.")
	case !slices.Contains([]string{"query", "fragment", "form_post"}, a.mode):
		return refuse("invalid_request", 900144, "response_mode '%s' is not supported.", a.mode)
	case a.hybrid() && a.mode == "query":
		return refuse("invalid_request", 70007, "'query' is not a supported value of 'response_mode' when requesting a token.")
	case a.hybrid() && a.nonce == "":
		return missing("nonce")
	case a.version == 2 && strings.TrimSpace(a.scope) == "":
		return missing("scope")
	case a.challenge != "" && a.method != "S256" && a.method != "plain":
		return refuse("invalid_request", 501481, "The code_challenge_method '%s' is not supported.", a.method)
	case a.challenge != "" && (len(a.challenge) < 43 || len(a.challenge) > 128):
		return refuse("invalid_request", 501491, "Invalid size of Code_Challenge parameter.")
	case a.prompt == "none":
		return refuse("login_required", 50058, "A silent sign-in request was sent but no user is signed in.")
	}
	_, p := s.demandOf(a)
	return p
}

// demandOf is what the request asks consent for; resource is nil when it names
// no service.
func (s *Server) demandOf(a authorization) (demand, *problem) {
	d, p := parseScope(s.world.Cloud(), a.segment, a.scope, true)
	if p != nil || a.version == 2 || a.resource == "" {
		return d, p
	}
	res := findResource(s.world.Cloud(), a.resource)
	if res == nil {
		return d, unknownResource(a.resource, a.segment)
	}
	d.resource, d.audience, d.names = res, a.resource, []string{".default"}
	return d, nil
}

func missing(field string) *problem {
	return refuse("invalid_request", 900144, "The request body must contain the following parameter: '%s'.", field)
}
