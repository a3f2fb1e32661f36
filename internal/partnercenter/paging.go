package partnercenter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// maxPages ends a listing that never ends: half a million customers.
const maxPages = 1000

// errPaging is wrapped by every complaint about a continuation.
var errPaging = errors.New("continuation refused")

// collection is one page of a Partner Center list.
type collection struct {
	Items []json.RawMessage `json:"items"`
	Links struct {
		Next *link `json:"next"`
	} `json:"links"`
}

// link is how Partner Center writes a request to make.
type link struct {
	URI     string   `json:"uri"`
	Method  string   `json:"method"`
	Headers []header `json:"headers"`
}

type header struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// place is a request we are willing to make: a path below /v1 with its query,
// and headers that carry the continuation.
type place struct {
	uri     string
	headers []header
}

// key identifies the place, to notice a continuation that repeats.
func (p place) key() string { return fmt.Sprintf("%s %v", p.uri, p.headers) }

// all fetches every page from first on and hands each item to take.
func (s session) all(ctx context.Context, first string, take func(json.RawMessage) error) error {
	at := place{uri: first}
	seen := map[string]bool{at.key(): true}
	for range maxPages {
		var page collection
		if err := s.get(ctx, at, &page); err != nil {
			return err
		}
		for _, item := range page.Items {
			if err := take(item); err != nil {
				return err
			}
		}
		if page.Links.Next == nil {
			return nil
		}
		next, err := follow(*page.Links.Next)
		if err != nil {
			return err
		}
		if seen[next.key()] {
			return fmt.Errorf("%w: it repeats an earlier page", errPaging)
		}
		seen[next.key()] = true
		at = next
	}
	return fmt.Errorf("%w: more than %d pages", errPaging, maxPages)
}

// follow turns a link into a place. Only the path and the query of its uri
// count; the version prefix is added when it is missing.
func follow(l link) (place, error) {
	if l.Method != "" && !strings.EqualFold(l.Method, http.MethodGet) {
		return place{}, fmt.Errorf("%w: method %.20q", errPaging, l.Method)
	}
	u, err := url.Parse(l.URI)
	if err != nil {
		return place{}, fmt.Errorf("%w: uri cannot be parsed", errPaging)
	}
	p := path.Clean("/" + u.EscapedPath())
	if !strings.HasPrefix(strings.ToLower(p), "/v1/") {
		p = "/v1" + p
	}
	if strings.Contains(p, "%") || p == "/v1/" {
		return place{}, fmt.Errorf("%w: unexpected path %.200q", errPaging, p)
	}
	if u.RawQuery != "" {
		p += "?" + u.RawQuery
	}
	for _, h := range l.Headers {
		if !mayAdd(h.Key) {
			return place{}, fmt.Errorf("%w: it wants to set header %.60q", errPaging, h.Key)
		}
	}
	return place{uri: p, headers: l.Headers}, nil
}

// mayAdd keeps a continuation from touching the headers that decide who asks
// whom for what.
func mayAdd(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "", "Authorization", "Host", "Cookie", "Connection", "Content-Length",
		"Transfer-Encoding", "Proxy-Authorization", "X-Ms-Authorization-Auxiliary":
		return false
	}
	return true
}
