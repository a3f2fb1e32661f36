package sharedkey

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The schemes.
const (
	shared = "SharedKey"
	lite   = "SharedKeyLite"
)

// stringToSign appends what the signature is made of.
func (v *Verifier) stringToSign(b []byte, scheme, account string, r *http.Request) []byte {
	switch {
	case v.service == Table && scheme == lite:
		b = line(b, dateOf(r.Header))
		return appendShortResource(b, account, r.URL)
	case v.service == Table:
		b = line(b, r.Method, r.Header.Get("Content-Md5"), r.Header.Get("Content-Type"), dateOf(r.Header))
		return appendShortResource(b, account, r.URL)
	case scheme == lite:
		b = line(b, r.Method, r.Header.Get("Content-Md5"), r.Header.Get("Content-Type"), ownDate(r.Header))
		b = appendHeaders(b, r.Header)
		return appendShortResource(b, account, r.URL)
	}
	h := r.Header
	b = line(b, r.Method, h.Get("Content-Encoding"), h.Get("Content-Language"), length(r), h.Get("Content-Md5"), h.Get("Content-Type"),
		ownDate(h), h.Get("If-Modified-Since"), h.Get("If-Match"), h.Get("If-None-Match"), h.Get("If-Unmodified-Since"), h.Get("Range"))
	b = appendHeaders(b, h)
	return appendResource(b, account, r.URL)
}

// line appends values, each with a newline behind it.
func line(b []byte, values ...string) []byte {
	for _, value := range values {
		b = append(append(b, value...), '\n')
	}
	return b
}

// length is empty for an empty body since version 2015-02-21.
func length(r *http.Request) string {
	if r.ContentLength <= 0 {
		return ""
	}
	return strconv.FormatInt(r.ContentLength, 10)
}

// ownDate is Date, which does not count when x-ms-date is signed as a header.
func ownDate(h http.Header) string {
	if h.Get("X-Ms-Date") != "" {
		return ""
	}
	return h.Get("Date")
}

// dateOf is the date of the table service: x-ms-date before Date.
func dateOf(h http.Header) string {
	if date := h.Get("X-Ms-Date"); date != "" {
		return date
	}
	return h.Get("Date")
}

// appendHeaders appends the canonicalized headers: all of x-ms-, by name in
// lower case.
func appendHeaders(b []byte, h http.Header) []byte {
	type header struct {
		name   string
		values []string
	}
	signed := make([]header, 0, 8)
	for name, values := range h {
		if strings.HasPrefix(name, "X-Ms-") {
			signed = append(signed, header{strings.ToLower(name), values})
		}
	}
	slices.SortFunc(signed, func(a, b header) int { return strings.Compare(a.name, b.name) })
	for _, each := range signed {
		b = append(append(b, each.name...), ':')
		for i, value := range each.values {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, strings.TrimSpace(value)...)
		}
		b = append(b, '\n')
	}
	return b
}

// appendPath appends the account and the path as it was sent, which holds the
// account again.
func appendPath(b []byte, account string, u *url.URL) []byte {
	b = append(append(b, '/'), account...)
	if u.Path == "" {
		return append(b, '/')
	}
	return append(b, u.EscapedPath()...)
}

// appendResource appends the canonicalized resource with every parameter,
// decoded, by name, the values of one name sorted.
func appendResource(b []byte, account string, u *url.URL) []byte {
	b = appendPath(b, account, u)
	if u.RawQuery == "" {
		return b
	}
	values := map[string][]string{}
	names := make([]string, 0, 4)
	for name, more := range u.Query() {
		name = strings.ToLower(name)
		if values[name] == nil {
			names = append(names, name)
		}
		values[name] = append(values[name], more...)
	}
	slices.Sort(names)
	for _, name := range names {
		slices.Sort(values[name])
		b = append(append(append(b, '\n'), name...), ':')
		b = append(b, strings.Join(values[name], ",")...)
	}
	return b
}

// appendShortResource is the form of the table service and of SharedKeyLite:
// of the parameters only comp.
func appendShortResource(b []byte, account string, u *url.URL) []byte {
	b = appendPath(b, account, u)
	if comp := u.Query().Get("comp"); comp != "" {
		b = append(append(b, "?comp="...), comp...)
	}
	return b
}
