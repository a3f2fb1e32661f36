package rows_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
)

// sample has a field of every kind that records have.
type sample struct {
	Text  string
	Count int
	Yes   bool
	At    time.Time
	List  []string
	Sums  map[string]int
	Inner *sample
}

func TestEncodeAndDecode(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 12, 0, 0, 1, time.UTC)
	for name, want := range map[string]sample{
		"zero": {},
		"full": {
			Text: "é\"\n", Count: -7, Yes: true, At: at, List: []string{"a", ""}, Sums: map[string]int{"x": 1},
			Inner: &sample{Text: "in", At: at},
		},
	} {
		r, err := rows.Encode(rows.Key{Partition: "p", Row: "r"}, want)
		if err != nil {
			t.Fatal(name, err)
		}
		for column, value := range r.Columns {
			if value[0] == '{' || value[0] == '[' || string(value) == "null" {
				t.Errorf("%s: column %s is %s, not a scalar", name, column, value)
			}
		}
		var have sample
		if err := r.Decode(&have); err != nil {
			t.Fatal(name, err)
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%s (-want +have)\n%s", name, diff)
		}
	}
}

func TestZeroValuesAreNotStored(t *testing.T) {
	t.Parallel()
	r, err := rows.Encode(rows.Key{}, sample{List: []string{}, Sums: map[string]int{}})
	if err != nil || len(r.Columns) != 0 {
		t.Errorf("columns %v, error %v", r.Columns, err)
	}
}

func TestTooMuchJSONIsRefused(t *testing.T) {
	t.Parallel()
	list := make([]string, rows.MaxText/2)
	if _, err := rows.Encode(rows.Key{}, sample{List: list}); err == nil {
		t.Error("half a JSON document would be stored")
	}
}

func TestDecodeForeignColumns(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		columns rows.Columns
		good    bool
	}{
		"unknown column": {rows.Columns{"Colour": json.RawMessage(`"red"`)}, true},
		"wrong type":     {rows.Columns{"Count": json.RawMessage(`"many"`)}, false},
		"broken JSON":    {rows.Columns{"ListJSON": json.RawMessage(`"[1,"`)}, false},
		"JSON not text":  {rows.Columns{"ListJSON": json.RawMessage(`7`)}, false},
	} {
		var v sample
		if err := (rows.Row{Columns: row.columns}).Decode(&v); (err == nil) != row.good {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func FuzzTextIsCutBetweenCharacters(f *testing.F) {
	f.Add("a", 3)
	f.Add("é🙂", 12_000)
	f.Add("🙂", 16_000)
	f.Add("\xff", 40_000)
	f.Fuzz(func(t *testing.T, unit string, n int) {
		if n < 0 || len(unit)*n > 1<<18 {
			t.Skip()
		}
		in := strings.ToValidUTF8(strings.Repeat(unit, n), "\uFFFD")
		r, err := rows.Encode(rows.Key{}, sample{Text: in})
		if err != nil {
			t.Fatal(err)
		}
		var v sample
		if err := r.Decode(&v); err != nil {
			t.Fatal(err)
		}
		units := len(utf16.Encode([]rune(v.Text)))
		if units > rows.MaxText || !utf8.ValidString(v.Text) {
			t.Fatalf("%d units", units)
		}
		if whole := len(utf16.Encode([]rune(in))); whole <= rows.MaxText && v.Text != in {
			t.Errorf("%d units were changed", whole)
		} else if whole > rows.MaxText && (!strings.HasPrefix(in, strings.TrimSuffix(v.Text, "…")) || units < rows.MaxText-2) {
			t.Errorf("%d units were cut to %d", whole, units)
		}
	})
}
