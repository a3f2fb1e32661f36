package peer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/samkeeper/samkeeper/sim/record"
)

// since is what came on top of the counts before.
func since(before, after []record.Count) []record.Count {
	had := map[record.Count]int{}
	for _, c := range before {
		had[kind(c)] = c.Count
	}
	var grown []record.Count
	for _, c := range after {
		if c.Count -= had[kind(c)]; c.Count > 0 {
			grown = append(grown, c)
		}
	}
	return grown
}

// kind is a count without its number, to compare by.
func kind(c record.Count) record.Count {
	c.Count = 0
	return c
}

// grown is since for the counts of the storage.
func grown(before, after map[string]int64) map[string]int64 {
	more := map[string]int64{}
	for kind, n := range after {
		if n -= before[kind]; n > 0 {
			more[kind] = n
		}
	}
	return more
}

// Mix is how often each side made one kind of request in one sweep.
type Mix struct {
	Host   string `json:"host"`
	Method string `json:"method"`
	Route  string `json:"route"`
	Status int    `json:"status"`
	Ours   int    `json:"samkeeper"`
	Peers  int    `json:"node"`
}

// compareRequests puts the requests of two rounds side by side.
func compareRequests(ours, peers []record.Count) []Mix {
	rows := map[record.Count]*Mix{}
	row := func(c record.Count) *Mix {
		k := kind(c)
		if rows[k] == nil {
			rows[k] = &Mix{Host: c.Host, Method: c.Method, Route: c.Route, Status: c.Status}
		}
		return rows[k]
	}
	for _, c := range ours {
		row(c).Ours = c.Count
	}
	for _, c := range peers {
		row(c).Peers = c.Count
	}
	list := make([]Mix, 0, len(rows))
	for _, m := range rows {
		list = append(list, *m)
	}
	slices.SortFunc(list, func(a, b Mix) int {
		return cmp.Or(strings.Compare(a.Host, b.Host), strings.Compare(a.Route, b.Route),
			strings.Compare(a.Method, b.Method), cmp.Compare(a.Status, b.Status))
	})
	return list
}
