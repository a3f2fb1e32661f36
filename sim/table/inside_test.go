package table

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestIndexAgainstAList plays the same changes on the index and on a sorted list.
func TestIndexAgainstAList(t *testing.T) {
	t.Parallel()
	dice, x, list := rand.New(rand.NewPCG(7, 7)), newIndex(), map[key]bool{}
	for range 20_000 {
		k := key{fmt.Sprint(dice.IntN(20)), fmt.Sprint(dice.IntN(200))}
		if dice.IntN(3) == 0 {
			x.remove(k)
			delete(list, k)
		} else {
			x.put(&entity{key: k})
			list[k] = true
		}
		if k := (key{fmt.Sprint(dice.IntN(20)), fmt.Sprint(dice.IntN(200))}); (x.get(k) != nil) != list[k] {
			t.Fatalf("get %v", k)
		}
	}
	var want, have []key
	for k := range list {
		want = append(want, k)
	}
	slices.SortFunc(want, func(a, b key) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	for n := x.seek(key{}, nil); n != nil; n = n.next[0] {
		have = append(have, n.key)
	}
	if !slices.Equal(have, want) || x.count != len(want) {
		t.Errorf("%d rows in the index (count %d), %d in the list", len(have), x.count, len(want))
	}
}

// TestBoundsLoseNothing: looking at a part of the table finds what looking at
// all of it does.
func TestBoundsLoseNothing(t *testing.T) {
	t.Parallel()
	rows := &table{rows: newIndex()}
	var all []*entity
	for p := range 4 {
		for r := range 10 {
			e := &entity{key: key{string(rune('a' + p)), fmt.Sprintf("r%d", r)}}
			rows.rows.put(e)
			all = append(all, e)
		}
	}
	dice := rand.New(rand.NewPCG(1, 1))
	for range 3000 {
		filter := randomFilter(dice, 3)
		c, err := parseFilter(filter)
		if err != nil {
			t.Fatalf("%q: %v", filter, err)
		}
		var want []*entity
		for _, e := range all {
			if c.holds(e) {
				want = append(want, e)
			}
		}
		if found := rows.query(c, key{}, maxPage); !slices.Equal(found.rows, want) {
			t.Fatalf("%q: %d rows, want %d", filter, len(found.rows), len(want))
		}
	}
}

func randomFilter(dice *rand.Rand, depth int) string {
	pick := func(from ...string) string { return from[dice.IntN(len(from))] }
	if depth == 0 || dice.IntN(3) == 0 {
		op := pick("eq", "ne", "gt", "ge", "lt", "le")
		if dice.IntN(2) == 0 {
			return fmt.Sprintf("PartitionKey %s '%s'", op, pick("a", "b", "bb", "d", "z", ""))
		}
		return fmt.Sprintf("'r%d' %s RowKey", dice.IntN(11), op)
	}
	left, right := randomFilter(dice, depth-1), randomFilter(dice, depth-1)
	return pick("", "not ") + "(" + left + ") " + pick("and", "and", "or") + " (" + right + ")"
}

func FuzzParseFilter(f *testing.F) {
	for _, seed := range []string{
		"", "PartitionKey eq 'a' and RowKey lt 'b'", "not (A eq 1 or B ne 2L)", "x ge datetime'2026-11-22T00:00:00Z'",
		"g eq guid'6ba7b810-9dad-11d1-80b4-00c04fd430c8'", "b eq X'00ff'", "'it''s' eq Text", "((((", "A eq", "'", "-",
	} {
		f.Add(seed)
	}
	e := &entity{key: key{"a", "b"}, properties: []property{{"A", typeInt32, []byte("1")}, {"Text", typeString, []byte(`"x"`)}}}
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := parseFilter(text); err == nil {
			if c.holds(e) {
				if b := boundsOf(c); e.key.before(b.from) || !b.open && !e.key.before(b.to) {
					t.Error("the bounds leave out a row that the filter takes")
				}
			}
		}
	})
}

func FuzzParseBatch(f *testing.F) {
	const kind = "multipart/mixed; boundary=b"
	f.Add(kind, []byte("--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\n\r\n"+
		"POST http://h/acct/Rows HTTP/1.1\r\nIf-Match: *\r\n\r\n{\"PartitionKey\":\"p\",\"RowKey\":\"r\"}\r\n--c--\r\n--b--\r\n"))
	f.Add(kind, []byte("--b\r\n\r\n--b--"))
	f.Add("text/plain", []byte(strings.Repeat("-", 10)))
	f.Fuzz(func(_ *testing.T, contentType string, body []byte) {
		steps, err := parseBatch(contentType, body)
		if err != nil {
			return
		}
		for _, s := range steps {
			_, path, _ := strings.Cut(strings.TrimPrefix(s.path, "/"), "/")
			if to, wrong := parseTarget(path); wrong == nil {
				_, _ = changeOf(s.method, to, s.ifMatch, s.body) // it must not panic
			}
		}
	})
}
