package localworld

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// maxPages bounds a sign-in: consent start, account, MFA, form_post, callback.
const maxPages = 12

// Page is one page of a sign-in as a person would see it.
type Page struct {
	URL    *url.URL
	Status int
	Body   []byte
}

// Browser walks pages as a person without JavaScript does: it follows
// redirects, keeps cookies and presses a button on each page.
type Browser struct {
	// Client must trust the certificates and must not follow redirects.
	Client *http.Client
	// Prefer lists ids of buttons, the first that a page has is pressed; a page
	// with none of them has its first button pressed.
	Prefer []string
	// Seen gets every page's body, for the hunt for leaks; nil drops them.
	Seen func(where string, data []byte)
	// cookies by host; unlike net/http/cookiejar, Secure cookies are sent to
	// http on loopback too, as browsers do.
	cookies map[string]map[string]string
}

// Walk opens start and presses on until a page without a form to submit, or one
// under stop, was answered; it returns that page.
func (b *Browser) Walk(ctx context.Context, start, stop string) (*Page, error) {
	b.cookies = map[string]map[string]string{}
	next := &formRequest{method: http.MethodGet, url: start}
	for range maxPages {
		page, redirect, err := b.open(ctx, next)
		if err != nil {
			return nil, err
		}
		switch {
		case redirect != "":
			next = &formRequest{method: http.MethodGet, url: redirect}
		case strings.HasPrefix(page.URL.String(), stop) && stop != "":
			return page, nil
		default:
			if next, err = press(page, b.Prefer); err != nil {
				return nil, err
			}
			if next == nil {
				return page, nil
			}
		}
	}
	return nil, fmt.Errorf("signing in: no end after %d pages", maxPages)
}

// formRequest is what pressing a button sends.
type formRequest struct {
	method, url string
	values      url.Values
}

func (b *Browser) open(ctx context.Context, f *formRequest) (*Page, string, error) {
	target, body := f.url, io.Reader(nil)
	if f.method == http.MethodPost {
		body = strings.NewReader(f.values.Encode())
	} else if len(f.values) > 0 {
		target += "?" + f.values.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, f.method, target, body)
	if err != nil {
		return nil, "", fmt.Errorf("signing in: %w", err)
	}
	if f.method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Accept", "text/html")
	for name, value := range b.cookies[req.URL.Host] {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	res, err := b.Client.Do(req)
	if err != nil {
		return nil, "", fmt.Errorf("signing in at %s: %w", req.URL.Host, err)
	}
	defer res.Body.Close()
	return b.read(req, res)
}

func (b *Browser) read(req *http.Request, res *http.Response) (*Page, string, error) {
	b.keep(req.URL.Host, res.Cookies())
	data, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return nil, "", fmt.Errorf("reading %s: %w", req.URL.Path, err)
	}
	if b.Seen != nil {
		b.Seen(req.Method+" "+req.URL.Host+req.URL.Path, data)
	}
	if res.StatusCode/100 == 3 {
		location, err := res.Location()
		if err != nil {
			return nil, "", fmt.Errorf("signing in: redirect of %s: %w", req.URL.Path, err)
		}
		return nil, location.String(), nil
	}
	return &Page{URL: req.URL, Status: res.StatusCode, Body: data}, "", nil
}

func (b *Browser) keep(host string, cookies []*http.Cookie) {
	if b.cookies[host] == nil {
		b.cookies[host] = map[string]string{}
	}
	for _, c := range cookies {
		if c.MaxAge < 0 {
			delete(b.cookies[host], c.Name)
			continue
		}
		b.cookies[host][c.Name] = c.Value
	}
}

// button is one way to submit a form: the button pressed, or the bare form.
type button struct {
	id, name, value string
	form            *html.Node
}

// press returns what pressing the best button of the page sends: the first of
// prefer that is there, else the first button; nil when the page has no form.
func press(page *Page, prefer []string) (*formRequest, error) {
	doc, err := html.Parse(bytes.NewReader(page.Body))
	if err != nil {
		return nil, fmt.Errorf("reading the page at %s: %w", page.URL.Path, err)
	}
	buttons := collectButtons(doc, nil, nil)
	if len(buttons) == 0 {
		return nil, nil
	}
	chosen := choose(buttons, prefer)
	action, err := page.URL.Parse(attribute(chosen.form, "action"))
	if err != nil {
		return nil, fmt.Errorf("the form at %s has no usable action: %w", page.URL.Path, err)
	}
	f := &formRequest{method: strings.ToUpper(attribute(chosen.form, "method")), url: action.String(), values: url.Values{}}
	if f.method == "" {
		f.method = http.MethodGet
	}
	collectFields(chosen.form, f.values)
	if chosen.name != "" {
		f.values.Set(chosen.name, chosen.value)
	}
	return f, nil
}

func choose(buttons []button, prefer []string) button {
	for _, id := range prefer {
		for _, b := range buttons {
			if b.id == id {
				return b
			}
		}
	}
	return buttons[0]
}

// collectButtons lists the buttons of all forms in the order of the page.
func collectButtons(n, form *html.Node, found []button) []button {
	if n.Type == html.ElementNode && n.Data == "form" {
		form = n
	}
	if form != nil && isButton(n) {
		found = append(found, button{attribute(n, "id"), attribute(n, "name"), attribute(n, "value"), form})
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		found = collectButtons(c, form, found)
	}
	return found
}

func isButton(n *html.Node) bool {
	return n.Type == html.ElementNode && (n.Data == "button" || n.Data == "input" && attribute(n, "type") == "submit")
}

// collectFields gathers a form's inputs.
func collectFields(n *html.Node, into url.Values) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if name := attribute(c, "name"); c.Type == html.ElementNode && c.Data == "input" && name != "" && !isButton(c) {
			collectInput(c, name, into)
		}
		collectFields(c, into)
	}
}

func collectInput(n *html.Node, name string, into url.Values) {
	switch attribute(n, "type") {
	case "radio", "checkbox":
		if has(n, "checked") || !into.Has(name) && attribute(n, "type") == "radio" {
			into.Set(name, attribute(n, "value"))
		}
	default:
		into.Add(name, attribute(n, "value"))
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}
