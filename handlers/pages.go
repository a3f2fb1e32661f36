package handlers

import (
	_ "embed"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/samkeeper/samkeeper/internal/consent"
	"github.com/samkeeper/samkeeper/internal/hostwire"
	"github.com/samkeeper/samkeeper/internal/htmlpage"
	"github.com/samkeeper/samkeeper/internal/telemetry"
)

var (
	//go:embed consented.html
	consentedHTML string
	//go:embed refused.html
	refusedHTML string
)

// Pages are parsed on first use: a queue instance never needs them.
var (
	consentedPage = sync.OnceValue(func() *template.Template { return htmlpage.Parse(consentedHTML, nil) })
	refusedPage   = sync.OnceValue(func() *template.Template { return htmlpage.Parse(refusedHTML, nil) })
)

// writeConsented shows who consented and until when it holds.
func writeConsented(w http.ResponseWriter, receipt consent.Receipt) error {
	return htmlpage.Write(w, http.StatusOK, consentedPage(), receipt)
}

// refused is what the page of a failure shows.
type refused struct {
	Plain, Fix, Reference string
	Untouched             bool
}

// fail answers a failed invocation: a page for people, JSON for the host and
// for programs.
func (e *edge) fail(w http.ResponseWriter, r *http.Request, route *Route, o outcome) {
	if len(o.allow) > 0 {
		w.Header().Set("Allow", strings.Join(o.allow, ", "))
	}
	if route.Trigger == HTTP {
		htmlpage.Protect(w.Header())
	}
	if route.Trigger != HTTP || wantsJSON(r) {
		hostwire.Fail(w, o.status, o.plain, o.fix)
		return
	}
	shown := refused{sentence(o.plain), sentence(o.fix), o.reference, o.untouched}
	if shown.Reference == "" {
		shown.Reference = telemetry.FromContext(r.Context()).ID
	}
	if err := htmlpage.Write(w, o.status, refusedPage(), shown); err != nil {
		e.rooms.Log.ErrorContext(r.Context(), "page of a failure", slog.Any("error", err))
		hostwire.Fail(w, o.status, o.plain, o.fix)
	}
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.ContainsRune(".!?", rune(s[len(s)-1])) {
		s += "."
	}
	return s
}
