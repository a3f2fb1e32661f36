package rows_test

import (
	"sort"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
)

func TestParts(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                         "~z",
		"health":                   "health",
		"a.b-c_D9":                 "a.b-c_D9",
		"a|b":                      "a~7cb",
		"/subscriptions\\x#y?z%'~": "~2fsubscriptions~5cx~23y~3fz~25~27~7e",
		"Söhne\t":                  "S~c3~b6hne~09",
		strings.Repeat("a", 200):   strings.Repeat("a", 200),
	} {
		if have := rows.Part(in); have != want {
			t.Errorf("Part(%q) = %q, want %q", in, have, want)
		}
	}
	long, other := rows.Part(strings.Repeat("a", 201)), rows.Part(strings.Repeat("a", 200)+"b")
	if len(long) > 200 || long == other || !strings.HasPrefix(long, "aaaa") {
		t.Errorf("long parts %q and %q", long, other)
	}
}

func FuzzPart(f *testing.F) {
	for _, s := range []string{"", "a", "a|b", "~", "~z", "~7c", "é", "\x00\xff", strings.Repeat("/", 300)} {
		f.Add(s, "a|b")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		p, q := rows.Part(a), rows.Part(b)
		if (p == q) != (a == b) {
			t.Errorf("%q and %q become %q and %q", a, b, p, q)
		}
		if len(p) == 0 || len(p) > 200 || strings.Trim(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~") != "" {
			t.Errorf("%q becomes %q, which is not safe in a key", a, p)
		}
		from, to := rows.Under(a)
		if key := rows.Join(a, b); key < from || key >= to {
			t.Errorf("%q is not under %q", key, a)
		}
		if key := rows.Join(a+"x", b); key >= from && key < to {
			t.Errorf("%q is under %q", key, a)
		}
	})
}

func FuzzInverted(f *testing.F) {
	f.Add("20261121T213000Z-4f2a", "20261121T213000Z-4f2b")
	f.Add("", "a")
	f.Add("a", "ab")
	f.Add("\xff", "\x00")
	f.Fuzz(func(t *testing.T, a, b string) {
		if (a < b) != (rows.Inverted(a) > rows.Inverted(b)) {
			t.Errorf("%q and %q become %q and %q", a, b, rows.Inverted(a), rows.Inverted(b))
		}
	})
}

func TestInvertedListsNewestFirst(t *testing.T) {
	t.Parallel()
	ids := []string{"20261122T000000Z-a", "20261121T213000Z-4f2b", "20261121T213000Z-4f2a", "20251231T235959Z-z"}
	if !sort.SliceIsSorted(ids, func(i, j int) bool { return rows.Inverted(ids[i]) < rows.Inverted(ids[j]) }) {
		t.Error("not newest first")
	}
	if !utf8.ValidString(rows.Inverted("\xff\xfe")) {
		t.Error("not text")
	}
}
