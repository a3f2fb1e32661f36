package graph

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// query is the OData part of a request.
type query struct {
	filter string
	top    int      // 0: not given
	names  []string // $select
	place  place    // $skiptoken
	values url.Values
}

// place is how far a list was read: rows of the outer list, and rows of the
// inner one where each outer row holds several.
type place struct{ outer, inner int }

const largestTop = 999

func badRequest(text string) refusal { return refusal{http.StatusBadRequest, "BadRequest", text} }

func readQuery(values url.Values) (query, error) {
	q := query{filter: values.Get("$filter"), values: values}
	for name := range values {
		switch name {
		case "$filter", "$top", "$select", "$skiptoken", "$count", "$orderby":
		default:
			return q, badRequest("Unrecognized query parameter: " + name)
		}
	}
	if text := values.Get("$top"); text != "" {
		top, err := strconv.Atoi(text)
		if err != nil || top < 1 || top > largestTop {
			return q, badRequest("Invalid page size specified: '" + text + "'. Must be between 1 and 999 inclusive.")
		}
		q.top = top
	}
	if text := values.Get("$select"); text != "" {
		q.names = strings.Split(text, ",")
	}
	if token := values.Get("$skiptoken"); token != "" {
		p, ok := openPlace(token)
		if !ok {
			return q, refusal{http.StatusBadRequest, "Directory_ExpiredPageToken", "The specified page token value has expired or is not valid."}
		}
		q.place = p
	}
	return q, nil
}

// size is the page size: what was asked for, within what the list allows.
func (q query) size(usual, largest int) int {
	if q.top == 0 {
		return usual
	}
	return min(q.top, largest)
}

func (p place) seal() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "RFNwdAIAAQ:%d:%d", p.outer, p.inner))
}

func openPlace(token string) (place, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return place{}, false
	}
	var p place
	text, ok := strings.CutPrefix(string(raw), "RFNwdAIAAQ:")
	outer, inner, both := strings.Cut(text, ":")
	var bad [2]error
	p.outer, bad[0] = strconv.Atoi(outer)
	p.inner, bad[1] = strconv.Atoi(inner)
	return p, ok && both && bad[0] == nil && bad[1] == nil && p.outer >= 0 && p.inner >= 0
}

// list is the body of every collection.
type list struct {
	Context string `json:"@odata.context"`
	Value   []any  `json:"value"`
	Next    string `json:"@odata.nextLink,omitempty"`
}

// list wraps rows; more says where the next page begins.
func (s *Service) list(c call, set string, rows []any, more *place) (any, error) {
	l := list{Context: s.world.Cloud().Graph + "/v1.0/$metadata#" + set, Value: []any{}}
	for _, row := range rows {
		row, err := c.query.pick(row)
		if err != nil {
			return nil, err
		}
		l.Value = append(l.Value, row)
	}
	if more != nil {
		l.Next = c.nextLink(*more)
	}
	return l, nil
}

// nextLink repeats the request with the place to go on from.
func (c call) nextLink(p place) string {
	values := maps.Clone(c.query.values)
	values.Set("$skiptoken", p.seal())
	scheme := "http"
	if c.TLS != nil {
		scheme = "https"
	}
	// Graph leaves the dollar signs of its options unescaped.
	return scheme + "://" + c.Host + c.URL.Path + "?" + strings.ReplaceAll(values.Encode(), "%24", "$")
}

// pick keeps the selected properties of a row.
func (q query) pick(row any) (any, error) {
	if len(q.names) == 0 {
		return row, nil
	}
	text, err := json.Marshal(row)
	if err != nil {
		return nil, fmt.Errorf("encode row: %w", err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("decode row: %w", err)
	}
	kept := map[string]json.RawMessage{}
	for name, value := range all {
		if strings.HasPrefix(name, "@odata.") { // annotations are no properties, $select does not touch them
			kept[name] = value
		}
	}
	for _, name := range q.names {
		if value, ok := all[strings.TrimSpace(name)]; ok {
			kept[strings.TrimSpace(name)] = value
		}
	}
	return kept, nil
}
