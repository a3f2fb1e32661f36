package localworld_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/localworld"
)

// pages is a sign-in of four pages on one host, ending at /end.
func pages(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /start", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "__Host-c", Value: "kept", Path: "/", Secure: true})
		http.Redirect(w, r, "/account?x=1", http.StatusFound)
	})
	mux.HandleFunc("GET /account", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<form method="post" action="/mfa"><input type="hidden" name="flow" value="7">
			<button id="other" name="who" value="other">Other</button><button id="me" name="who" value="me">Me</button></form>`)
	})
	mux.HandleFunc("POST /mfa", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `<form method="post" action="/end"><input type="radio" name="way" value="app"><input type="radio" name="way" value="sms" checked>
			<input name="was" value="%s %s"><input type="submit" value="Continue"></form>`, r.PostFormValue("who"), r.PostFormValue("flow"))
	})
	mux.HandleFunc("POST /end", func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("__Host-c")
		fmt.Fprintf(w, "%s|%s|%v|%v", r.PostFormValue("was"), r.PostFormValue("way"), cookie, err)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func TestBrowserWalksPages(t *testing.T) {
	t.Parallel()
	server := pages(t)
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for who, prefer := range map[string][]string{"me": {"absent", "me"}, "other": nil} {
		browser := &localworld.Browser{Client: client, Prefer: prefer}
		page, err := browser.Walk(t.Context(), server.URL+"/start", "")
		if err != nil {
			t.Fatal(err)
		}
		if want := who + " 7|sms|__Host-c=kept|<nil>"; string(page.Body) != want {
			t.Errorf("got %q, want %q", page.Body, want)
		}
	}
}

func TestBrowserGivesUpOnALoop(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.RedirectHandler("/again", http.StatusFound))
	t.Cleanup(server.Close)
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	browser := &localworld.Browser{Client: client}
	if _, err := browser.Walk(t.Context(), server.URL, ""); err == nil || !strings.Contains(err.Error(), "no end") {
		t.Errorf("got %v", err)
	}
}
