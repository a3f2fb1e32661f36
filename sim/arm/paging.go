package arm

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// page cuts one page out of n rows: the caller's place by the named token of
// the query, at most size rows. next is the token of the page after it.
func (c call) page(n, size int, name string) (from, to int, next string, err error) {
	if c.dials.PageSize > 0 {
		size = c.dials.PageSize
	}
	if token := c.URL.Query().Get(name); token != "" {
		raw, bad := base64.RawURLEncoding.DecodeString(token)
		text, ok := strings.CutPrefix(string(raw), "page:")
		from, err = strconv.Atoi(text)
		if bad != nil || !ok || err != nil || from < 0 {
			return 0, 0, "", deny(http.StatusBadRequest, "InvalidSkipToken", "The provided skip token is not valid.")
		}
	}
	from = min(from, n)
	to = min(from+size, n)
	if to < n {
		next = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "page:%d", to))
	}
	return from, to, next, nil
}

// nextLink repeats the request with the token set.
func (c call) nextLink(name, token string) string {
	if token == "" {
		return ""
	}
	values := c.URL.Query()
	values.Set(name, token)
	scheme := "http"
	if c.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + c.Host + c.URL.EscapedPath() + "?" + values.Encode()
}

// paged answers a page of n rows, which row makes.
func paged(c call, n, size int, name string, row func(int) any) (any, error) {
	from, to, next, err := c.page(n, size, name)
	if err != nil {
		return nil, err
	}
	l := list{Value: make([]any, 0, to-from), Next: c.nextLink(name, next)}
	for i := from; i < to; i++ {
		l.Value = append(l.Value, row(i))
	}
	return l, nil
}
