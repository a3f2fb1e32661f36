package entra_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/samkeeper/samkeeper/sim/world"
)

// browser starts a headless browser, or skips the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium in the path: the pages are not walked by a real browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.IgnoreCertErrors, chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// A browser with JavaScript walks the pages; the last one posts itself.
func TestBrowserSignsIn(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	c := start(t, 0)
	arrived := make(chan url.Values, 1)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/consent/callback" && r.Method == http.MethodPost {
			_ = r.ParseForm()
			arrived <- r.PostForm
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<p id="done">done</p>`))
	}))
	defer app.Close()
	callback := app.URL + "/api/consent/callback"
	for _, step := range []chromedp.Action[chromedp.Void]{
		chromedp.Navigate(c.authorizeURL(world.PartnerTenantID, values(asking(), "redirect_uri", callback))),
		chromedp.Click("#account-" + world.IntegrationUserID),
		chromedp.Click("#sign-in"),
		chromedp.Click("#approve"),
		chromedp.WaitVisible("#done"),
	} {
		if _, err := chromedp.Run(ctx, step); err != nil {
			t.Fatal(err)
		}
	}
	form := <-arrived
	if r := c.post(t, v2(world.PartnerTenantID), values(c.exchanging(form.Get("code")), "redirect_uri", callback)); r.status != http.StatusOK || form.Get("state") != "the-state" {
		t.Errorf("state %q: %s", form.Get("state"), r.text)
	}
}
