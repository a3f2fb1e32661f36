package simtest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/samkeeper/samkeeper/sim/world"
)

// Person is who sits at the sign-in pages and what they press. The zero value
// is the integration user, who approves everything.
type Person struct {
	User    string // object id; default: the integration user
	SkipMFA bool   // "Skip MFA" instead of "Approve"
	Cancel  bool   // "Cancel" on the first page
}

// Callback is the request that a browser would send to the redirect_uri.
type Callback struct {
	Method string     // GET for query and fragment, POST for form_post
	URL    *url.URL   // with the query, as sent
	Form   url.Values // what was sent, by whichever way
}

// SignIn walks the pages behind an authorize URL and fails the test when they
// do not end in a callback.
func (s *Sim) SignIn(tb testing.TB, authorizeURL string, p Person) Callback {
	tb.Helper()
	callback, err := s.Walk(tb.Context(), authorizeURL, p)
	if err != nil {
		tb.Fatalf("sign in: %v", err)
	}
	return callback
}

// maxSteps bounds the walk; the longest one has seven pages.
const maxSteps = 10

// Walk is SignIn for callers that expect an error page: the error holds its
// text.
func (s *Sim) Walk(ctx context.Context, authorizeURL string, p Person) (Callback, error) {
	if p.User == "" {
		p.User = world.IntegrationUserID
	}
	client := s.HTTPClient()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, authorizeURL, nil)
	for range maxSteps {
		if err != nil {
			return Callback{}, fmt.Errorf("make request: %w", err)
		}
		page, callback, err := load(client, req)
		if err != nil || callback != nil {
			return value(callback), err
		}
		button := p.choose(page)
		switch {
		case button == nil:
			return Callback{}, fmt.Errorf("page without a button to press: %s", page.text)
		case button.id == "continue":
			return button.callback()
		}
		req, err = button.press(ctx, req.URL)
		if err != nil {
			return Callback{}, err
		}
	}
	return Callback{}, fmt.Errorf("no callback after %d pages", maxSteps)
}

func value(c *Callback) Callback {
	if c == nil {
		return Callback{}
	}
	return *c
}

// choose finds the button the person presses on a page; nil when none fits.
func (p Person) choose(page *screen) *button {
	wanted := []string{"continue", "accept", "approve", "sign-in", "account-" + p.User}
	switch {
	case p.Cancel:
		wanted = []string{"continue", "cancel"}
	case p.SkipMFA:
		wanted[2] = "skip-mfa"
	default:
		wanted = append(wanted, "skip-mfa") // nothing to approve with
	}
	for _, id := range wanted {
		if i := slices.IndexFunc(page.buttons, func(b button) bool { return b.id == id }); i >= 0 {
			return &page.buttons[i]
		}
	}
	return nil
}

// load sends a request; the answer is a page, or a redirect, which is the
// callback.
func load(client *http.Client, req *http.Request) (*screen, *Callback, error) {
	res, err := client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	if res.StatusCode/100 == 3 {
		target, err := res.Location()
		if err != nil {
			return nil, nil, fmt.Errorf("read redirect: %w", err)
		}
		form := target.Query()
		if target.Fragment != "" {
			form, err = url.ParseQuery(target.EscapedFragment())
		}
		return nil, &Callback{Method: http.MethodGet, URL: target, Form: form}, err
	}
	doc, err := html.Parse(res.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("read page: %w", err)
	}
	page := &screen{}
	page.read(doc, nil)
	page.text = strings.Join(strings.Fields(page.text), " ")
	return page, nil, nil
}
