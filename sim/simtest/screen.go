package simtest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// screen is a sign-in page taken apart.
type screen struct {
	text    string
	buttons []button
}

// button is a submit button with the form around it.
type button struct {
	id     string
	action string
	fields url.Values
}

// read collects texts and buttons below a node; form is the form around it.
func (p *screen) read(n *html.Node, form *button) {
	switch {
	case n.Type == html.TextNode && n.Parent != nil && n.Parent.Data != "style" && n.Parent.Data != "script":
		p.text += " " + n.Data
	case n.Data == "form":
		form = &button{action: attribute(n, "action"), fields: url.Values{}}
	case n.Data == "input" && form != nil:
		form.fields.Set(attribute(n, "name"), attribute(n, "value"))
	case n.Data == "button" && form != nil:
		p.buttons = append(p.buttons, button{id: attribute(n, "id"), action: form.action, fields: form.fields})
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		p.read(child, form)
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// press makes the request of a button on a page of the sign-in host.
func (b *button) press(ctx context.Context, page *url.URL) (*http.Request, error) {
	target, err := page.Parse(b.action)
	if err != nil {
		return nil, fmt.Errorf("form action: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(b.fields.Encode()))
	if err != nil {
		return nil, fmt.Errorf("press %s: %w", b.id, err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

// callback is what the Continue button of the last page sends.
func (b *button) callback() (Callback, error) {
	target, err := url.Parse(b.action)
	if err != nil {
		return Callback{}, fmt.Errorf("form action: %w", err)
	}
	return Callback{Method: http.MethodPost, URL: target, Form: b.fields}, nil
}
