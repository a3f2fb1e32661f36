package entra

import (
	"net/http"
	"net/url"
	"strings"
)

// authorize opens the sign-in pages, or sends a refusal back.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request, version int) {
	a := parseAuthorization(version, r.PathValue("tenant"), r.URL.Query())
	if p := s.checkClient(&a); p != nil {
		s.showProblem(w, r, p)
		return
	}
	if p := s.checkRequest(a); p != nil {
		s.returnProblem(w, r, a, p)
		return
	}
	s.showAccounts(w, s.open(a))
}

// adminConsent opens the page on which an administrator accepts the app for
// the whole tenant (v1.0 and v2.0).
func (s *Server) adminConsent(w http.ResponseWriter, r *http.Request) {
	a := parseAuthorization(2, r.PathValue("tenant"), r.URL.Query())
	a.admin, a.mode = true, "query"
	if strings.EqualFold(a.segment, "common") {
		s.showProblem(w, r, refuse("invalid_request", 900144, "The 'common' authority cannot be used for admin consent; use 'organizations' or a tenant."))
		return
	}
	if p := s.checkClient(&a); p != nil {
		s.showProblem(w, r, p)
		return
	}
	s.showAccounts(w, s.open(a))
}

// returnProblem sends a refusal to the redirect_uri.
func (s *Server) returnProblem(w http.ResponseWriter, r *http.Request, a authorization, p *problem) {
	t := newTrace(r, s.world.Now())
	values := url.Values{
		"error": {p.oauth}, "error_description": {t.describe(p)}, "error_uri": {s.errorURI(p)},
	}
	if p.code == 65004 {
		values.Set("error_subcode", "cancel")
	}
	if a.admin {
		values.Set("admin_consent", "True")
	}
	s.deliver(w, r, a, values)
}

// deliver sends values to the redirect_uri in the asked mode.
func (s *Server) deliver(w http.ResponseWriter, r *http.Request, a authorization, values url.Values) {
	if a.state != "" {
		values.Set("state", a.state)
	}
	w.Header().Set("Cache-Control", "no-store, no-cache")
	w.Header().Set("Referrer-Policy", "strict-origin-when-cross-origin")
	if a.mode == "form_post" {
		render(w, http.StatusOK, "form_post", formPost{Action: a.redirect, Fields: fields(values)})
		return
	}
	separator := "#"
	if a.mode == "query" {
		separator = "?"
		if strings.Contains(a.redirect, "?") {
			separator = "&"
		}
	}
	http.Redirect(w, r, a.redirect+separator+values.Encode(), http.StatusFound)
}
