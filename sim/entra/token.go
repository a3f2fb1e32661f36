package entra

import (
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

// maxForm bounds a form post: a refresh token and an assertion fit many times.
const maxForm = 256 << 10

const mfaText = "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '%s'."

// exchange is one request to the token endpoint on its way.
type exchange struct {
	version int
	segment string // tenant segment as asked for
	tenant  string // the tenant the token will be for
	form    url.Values
	proof   proof
	now     time.Time
}

// answer is what a grant yields before it is written down.
type answer struct {
	demand  demand
	session session
	refresh string // empty: no refresh_token member
	nonce   string
	openid  bool
}

// token is the token endpoint.
func (s *Server) token(w http.ResponseWriter, r *http.Request, version int) {
	x := &exchange{version: version, segment: r.PathValue("tenant"), now: s.world.Now()}
	p := readForm(w, r, x)
	if p != nil {
		s.writeProblem(w, r, p)
		return
	}
	if s.throttled(w, r, x) {
		return
	}
	a, p := s.grant(x)
	if p != nil {
		s.writeProblem(w, r, p)
		return
	}
	body, err := s.body(x, a)
	if err != nil {
		s.writeProblem(w, r, &problem{code: 90033, oauth: "server_error", status: http.StatusInternalServerError, text: "A transient error has occurred: " + err.Error()})
		return
	}
	s.answerHeaders(w, r, newTrace(r, x.now), version)
	writeJSON(w, http.StatusOK, body)
}

// readForm reads the form and moves Basic credentials into it.
func readForm(w http.ResponseWriter, r *http.Request, x *exchange) *problem {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		return refuse("invalid_request", 900144, "The request body must contain the following parameter: 'grant_type'.")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return refuse("invalid_request", 9002313, "Invalid request. Request is malformed or invalid.")
	}
	x.form = r.PostForm
	id, secret, ok := r.BasicAuth()
	if !ok {
		return nil
	}
	if v, err := url.QueryUnescape(id); err == nil {
		x.form.Set("client_id", v)
	}
	if v, err := url.QueryUnescape(secret); err == nil {
		x.form.Set("client_secret", v)
	}
	return nil
}

// grant checks everything in the order of the real service: fields, tenant,
// client, then the grant itself.
func (s *Server) grant(x *exchange) (answer, *problem) {
	kind := x.form.Get("grant_type")
	switch {
	case kind == "":
		return answer{}, missing("grant_type")
	case x.form.Get("client_id") == "":
		return answer{}, missing("client_id")
	}
	if !authorityName(x.segment) {
		tid, p := s.tenant(x.segment)
		if p != nil {
			return answer{}, p
		}
		x.tenant = tid
	}
	if p := s.authenticate(x); p != nil {
		return answer{}, p
	}
	switch kind {
	case "authorization_code":
		return s.redeemCode(x)
	case "refresh_token":
		return s.redeemRefresh(x)
	case "client_credentials":
		return s.appOnly(x)
	}
	return answer{}, refuse("unsupported_grant_type", 70003, "The app requested an unsupported grant type '%s'.", kind)
}

// asked is the demand of the request: scope in v2.0, resource in v1.0. Where
// nothing names a service, fallback applies.
func (s *Server) asked(x *exchange, fallback demand) (demand, *problem) {
	cloud := s.world.Cloud()
	d, p := parseScope(cloud, x.segment, x.form.Get("scope"), false)
	if p != nil {
		return d, p
	}
	if name := x.form.Get("resource"); x.version == 1 && name != "" {
		d.resource, d.audience, d.names = findResource(cloud, name), name, []string{".default"}
		if d.resource == nil {
			return d, unknownResource(name, x.segment)
		}
	}
	if d.resource == nil {
		d.resource, d.audience, d.names = fallback.resource, fallback.audience, fallback.names
	}
	if d.resource == nil { // a sign-in that named no service
		d.resource, d.audience, d.names = findResource(cloud, cloud.Graph), cloud.Graph, []string{"User.Read"}
	}
	return d, nil
}

// success is the answer body. Numbers are numbers in v2.0 and strings in v1.0.
type success struct {
	TokenType  string `json:"token_type"`
	Scope      string `json:"scope,omitempty"`
	ExpiresIn  any    `json:"expires_in"`
	ExtExpires any    `json:"ext_expires_in"`
	ExpiresOn  string `json:"expires_on,omitempty"`
	NotBefore  string `json:"not_before,omitempty"`
	Resource   string `json:"resource,omitempty"`
	Access     string `json:"access_token"`
	Refresh    string `json:"refresh_token,omitempty"`
	ID         string `json:"id_token,omitempty"`
	ClientInfo string `json:"client_info,omitempty"`
}

func (s *Server) body(x *exchange, a answer) (success, error) {
	alive := life()
	access, err := s.accessToken(a.demand, a.session, x.now, alive)
	if err != nil {
		return success{}, err
	}
	seconds := int64(alive/time.Second) - 1
	b := success{TokenType: "Bearer", ExpiresIn: seconds, ExtExpires: seconds, Access: access, Refresh: a.refresh}
	if a.session.user.Object != "" {
		b.Scope = a.demand.granted(x.version)
		if x.form.Get("client_info") == "1" {
			b.ClientInfo = clientInfo(a.session.user)
		}
	}
	if a.openid {
		if b.ID, err = s.idToken(x.version, a.session, a.nonce, "", x.now); err != nil {
			return success{}, err
		}
	}
	if x.version == 1 {
		number := strconv.FormatInt(seconds, 10)
		b.ExpiresIn, b.ExtExpires, b.Resource = number, number, a.demand.audience
		b.ExpiresOn = strconv.FormatInt(x.now.Add(alive).Unix(), 10)
		b.NotBefore = strconv.FormatInt(x.now.Unix(), 10)
	}
	return b, nil
}

// clientInfo is base64url JSON of the user's home ids.
func clientInfo(u world.User) string {
	raw, err := json.Marshal(map[string]string{"uid": u.Object, "utid": u.Tenant})
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}
