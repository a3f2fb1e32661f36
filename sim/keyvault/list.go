package keyvault

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
)

// maxPage is the largest and the default page.
const maxPage = 25

// listing is a page of bundles without values.
type listing struct {
	Value []bundle `json:"value"`
	Next  *string  `json:"nextLink"`
}

func (s *Server) list(c call) (any, *fault) {
	var all []bundle
	for _, name := range slices.Sorted(maps.Keys(s.live)) {
		all = append(all, show(c.r.Host, name, s.live[name].newest(), false))
	}
	return page(c, all)
}

func (s *Server) listVersions(c call) (any, *fault) {
	c.version = ""
	if _, f := s.version(c); f != nil {
		return nil, f
	}
	var all []bundle
	for _, v := range s.live[c.name].versions {
		all = append(all, show(c.r.Host, c.name, v, true))
	}
	// The service promises no order; by version id it is neither oldest nor
	// newest first, so that no client comes to rely on one.
	slices.SortFunc(all, func(a, b bundle) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return page(c, all)
}

func (s *Server) listDeleted(c call) (any, *fault) {
	var all []bundle
	for _, name := range slices.Sorted(maps.Keys(s.deleted)) {
		all = append(all, showDeleted(c.r.Host, s.deleted[name], false))
	}
	return page(c, all)
}

// page cuts one page out of all; the token of the next one is an offset.
func page(c call, all []bundle) (any, *fault) {
	query := c.r.URL.Query()
	size := maxPage
	if text := query.Get("maxresults"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxPage {
			return nil, bad("The value of maxresults must be between 1 and %d.", maxPage)
		}
		size = n
	}
	start := 0
	if text := query.Get("$skiptoken"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > len(all) {
			return nil, bad("The skip token is not valid.")
		}
		start = n
	}
	end := min(start+size, len(all))
	out := listing{Value: append([]bundle{}, all[start:end]...)}
	if end < len(all) {
		next := url.Values{"api-version": {query.Get("api-version")}, "$skiptoken": {strconv.Itoa(end)}, "maxresults": {strconv.Itoa(size)}}
		link := "https://" + c.r.Host + c.r.URL.Path + "?" + next.Encode()
		out.Next = &link
	}
	return out, nil
}
