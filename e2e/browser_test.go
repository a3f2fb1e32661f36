package e2e_test

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/samkeeper/samkeeper/localworld"
	"github.com/samkeeper/samkeeper/sim/world"
)

// chromium finds a browser or skips.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("this test needs Chromium, and there is none on this machine")
	return ""
}

// tab opens a headless browser with scripts switched off: the pages must work
// without them.
func tab(t *testing.T) context.Context {
	t.Helper()
	allocator, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("ignore-certificate-errors", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("blink-settings", "scriptEnabled=false"),
	)...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	return ctx
}

// TestConsentInABrowser signs in by clicking. The app is on localhost, the
// sign-in on 127.0.0.1: two sites, so that the cookie must survive a cross-site
// POST as it must with login.microsoftonline.com.
func TestConsentInABrowser(t *testing.T) {
	w := start(t, localworld.Options{Customers: 2, Seed: 5})
	ctx := tab(t)
	if _, err := chromedp.Run(ctx, chromedp.Title()); err != nil { // starts the browser, unbounded as chromedp wants
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	must(t, chromedp.Do(ctx, chromedp.Navigate(w.AppURL()+"/api/consent")))
	press(ctx, t, "#account-"+world.IntegrationUserID)
	for range 4 { // sign in, MFA, perhaps accept, continue
		at, err := chromedp.Run(ctx, chromedp.Location())
		must(t, err)
		if strings.HasPrefix(at, w.AppURL()) {
			break
		}
		press(ctx, t, "#continue, #accept, #approve, #sign-in")
	}
	at, err := chromedp.Run(ctx, chromedp.Location())
	must(t, err)
	text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
	must(t, err)
	if !strings.HasPrefix(at, w.AppURL()+"/api/consent/callback") || !strings.Contains(text, world.IntegrationUPN) {
		t.Errorf("the sign-in ended at %s with %q", at, text)
	}
	checkURLHoldsNothing(t, at)
	status, err := w.Status(within(t, time.Minute))
	must(t, err)
	if len(status.Connections) != 1 || !status.Connections[0].MFA {
		t.Errorf("no connection with MFA was stored: %+v", status.Connections)
	}
	picture(ctx, t, "consented.png")
	must(t, chromedp.Do(ctx, chromedp.Navigate(w.StatusURL())))
	picture(ctx, t, "status.png")
}

// press clicks one element and waits for the next page.
func press(ctx context.Context, t *testing.T, selector string) {
	t.Helper()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		page, _ := chromedp.Run(ctx, chromedp.OuterHTML(chromedp.CSS("html")))
		t.Fatalf("pressing %s: %v\n%.2000s", selector, err, page)
	}
}

// checkURLHoldsNothing: after form_post nothing of the sign-in may be in the
// address bar, and so in the history.
func checkURLHoldsNothing(t *testing.T, at string) {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil || u.RawQuery != "" || u.Fragment != "" {
		t.Errorf("the address bar holds more than the path: %s (%v)", at, err)
	}
}

// picture keeps a screenshot where E2E_PICTURES asks for it.
func picture(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("E2E_PICTURES")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	must(t, err)
	must(t, os.WriteFile(dir+"/"+name, png, 0o600))
}
