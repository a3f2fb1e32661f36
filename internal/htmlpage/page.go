package htmlpage

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
)

var (
	//go:embed frame.html
	frame string
	//go:embed style.css
	style string
)

// Parse makes a page of the frame and a content template, which defines
// "title" and "main". A fault in either is a fault of the program: it panics.
func Parse(content string, funcs template.FuncMap) *template.Template {
	t := template.New("frame").Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(style) }, //nolint:gosec // our own embedded file
	}).Funcs(funcs)
	return template.Must(template.Must(t.Parse(frame)).Parse(content))
}

// Write renders the page and sends it. When rendering fails nothing has been
// sent yet and the error is returned.
func Write(w http.ResponseWriter, status int, page *template.Template, data any) error {
	var body bytes.Buffer
	if err := page.Execute(&body, data); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	h := w.Header()
	Protect(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the reader is gone if this fails
	return nil
}

// Protect sets the headers that every answer to a browser carries, pages and
// redirects alike.
func Protect(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
	h.Set("X-Robots-Tag", "noindex")
}

// policy allows the embedded stylesheet and nothing else.
var policy = "default-src 'none'; style-src 'sha256-" + hash(style) +
	"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}
