package queue

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// opening begins every document; the service puts a byte order mark first.
const opening = "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?>"

// never is the expiration time of messages that have none.
var never = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// stamp is a time as the service writes it.
func stamp(t time.Time) string { return t.UTC().Format(http.TimeFormat) }

// answer is what goes back when all went well.
type answer struct {
	status int
	body   []byte
}

func empty(status int) *answer { return &answer{status: status} }

func document(status int) *answer {
	return &answer{status: status, body: append(make([]byte, 0, 512), opening...)}
}

// write sends it.
func (a *answer) write(w http.ResponseWriter) {
	if len(a.body) > 0 {
		w.Header()["Content-Type"] = []string{"application/xml"}
		w.Header()["Cache-Control"] = []string{"no-cache"}
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client hung up: nobody is left to tell
}

func (a *answer) raw(s string) *answer {
	a.body = append(a.body, s...)
	return a
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\r", "&#xD;")

// text appends character data; what XML cannot hold becomes U+FFFD.
func (a *answer) text(s string) *answer { return a.raw(escaper.Replace(strings.Map(permitted, s))) }

func permitted(r rune) rune {
	if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
		return '\ufffd'
	}
	return r
}

// element appends one element; an empty one is written <Name />.
func (a *answer) element(name, value string) *answer {
	if value == "" {
		return a.raw("<").raw(name).raw(" />")
	}
	return a.raw("<").raw(name).raw(">").text(value).raw("</").raw(name).raw(">")
}

// head are the elements that every message begins with.
func (a *answer) head(m *message) *answer {
	expires := m.expires
	if expires.IsZero() {
		expires = never
	}
	return a.element("MessageId", m.id).element("InsertionTime", stamp(m.inserted)).element("ExpirationTime", stamp(expires))
}

// tail are those that every message ends with.
func (a *answer) tail(m *message) *answer {
	return a.element("DequeueCount", strconv.FormatInt(m.dequeued, 10)).element("MessageText", m.text)
}

// maxBody leaves room for text that is all escaped.
const maxBody = 8 * maxText

// readText is the MessageText of a request's body; given is false when there is
// no body at all.
func readText(r *http.Request) (text string, given bool, f *fault) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return "", false, invalidDocument()
	case len(raw) > maxBody:
		return "", false, tooLarge()
	case len(raw) == 0:
		return "", false, nil
	}
	text, err = parseText(raw)
	switch {
	case err != nil:
		return "", false, invalidDocument()
	case len(text) > maxText:
		return "", false, tooLarge()
	}
	return text, true, nil
}

// errNoText is a document without the one element that matters.
var errNoText = errors.New("no QueueMessage with a MessageText")

// parseText reads <QueueMessage><MessageText>…</MessageText></QueueMessage>.
func parseText(raw []byte) (string, error) {
	var body struct {
		XMLName xml.Name `xml:"QueueMessage"`
		Text    *string  `xml:"MessageText"`
	}
	if err := xml.Unmarshal([]byte(strings.TrimPrefix(string(raw), "\ufeff")), &body); err != nil {
		return "", fmt.Errorf("reading the message: %w", err)
	}
	if body.Text == nil {
		return "", errNoText
	}
	return *body.Text, nil
}
