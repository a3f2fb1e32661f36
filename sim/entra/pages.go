package entra

import (
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
)

//go:embed pages.html
var pagesHTML string

var pages = template.Must(template.New("pages").Parse(pagesHTML))

// page is one screen of the sign-in: every button is its own form.
type page struct {
	Title   string
	Lines   []string
	Action  string
	Flow    string
	Buttons []button
}

// button posts step and choice; ID names it for browsers under test.
type button struct {
	ID, Label, Step, Choice string
}

// formPost is the page that carries the answer to the redirect_uri.
type formPost struct {
	Action string
	Fields []field
}

type field struct{ Name, Value string }

func fields(values url.Values) []field {
	var list []field
	for name, v := range values {
		list = append(list, field{name, v[0]})
	}
	slices.SortFunc(list, func(a, b field) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return list
}

func render(w http.ResponseWriter, status int, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store, no-cache")
	w.WriteHeader(status)
	_ = pages.ExecuteTemplate(w, name, data) // the browser hung up: nobody is left to tell
}

var cancel = button{ID: "cancel", Label: "Cancel", Step: "cancel"}

func show(w http.ResponseWriter, flow *signIn, p page) {
	p.Action = "/" + flow.request.segment + "/login"
	p.Flow = flow.id
	render(w, http.StatusOK, "page", p)
}

func (s *Server) showAccounts(w http.ResponseWriter, flow *signIn) {
	p := page{Title: "Pick an account", Lines: []string{"to continue to samkeeper (simulated sign-in)"}}
	for _, u := range s.accounts(flow.request) {
		p.Buttons = append(p.Buttons, button{ID: "account-" + u.Object, Label: u.Name + " — " + u.UPN, Step: "account", Choice: u.Object})
	}
	p.Buttons = append(p.Buttons, cancel)
	show(w, flow, p)
}

func (s *Server) showSignIn(w http.ResponseWriter, flow *signIn) {
	show(w, flow, page{
		Title: "Sign in", Lines: []string{flow.user.UPN, "No password is asked for: this is a simulation."},
		Buttons: []button{{ID: "sign-in", Label: "Sign in", Step: "sign-in"}, cancel},
	})
}

func (s *Server) showFactor(w http.ResponseWriter, flow *signIn) {
	p := page{Title: "Approve sign in request", Lines: []string{flow.user.UPN}}
	if flow.user.MFA {
		p.Lines = append(p.Lines, "Open your authenticator and approve the request.")
		p.Buttons = append(p.Buttons, button{ID: "approve", Label: "Approve", Step: "approve"})
	} else {
		p.Lines = append(p.Lines, "This account has no second factor registered.")
	}
	p.Buttons = append(p.Buttons, button{ID: "skip-mfa", Label: "Skip MFA", Step: "skip-mfa"}, cancel)
	show(w, flow, p)
}

func (s *Server) showConsent(w http.ResponseWriter, flow *signIn) {
	show(w, flow, page{
		Title:   "Permissions requested",
		Lines:   []string{"samkeeper would like to:", "Read your organization", "Read your Azure resources", "Accept for the whole organization of " + flow.user.UPN},
		Buttons: []button{{ID: "accept", Label: "Accept", Step: "accept"}, cancel},
	})
}

// showProblem is the error page of the sign-in host.
func (s *Server) showProblem(w http.ResponseWriter, r *http.Request, p *problem) {
	t := newTrace(r, s.world.Now())
	render(w, http.StatusBadRequest, "page", page{
		Title: "Sorry, but we’re having trouble signing you in.", Lines: []string{t.describe(p)},
	})
}

// errorPage explains the number that error_uri points at.
func (s *Server) errorPage(w http.ResponseWriter, r *http.Request) {
	render(w, http.StatusOK, "page", page{
		Title: "Error code lookup", Lines: []string{"AADSTS" + r.URL.Query().Get("code")},
	})
}
