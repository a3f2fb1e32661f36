package rows_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/storage"
	"github.com/samkeeper/samkeeper/localworld/azurite"
	"github.com/samkeeper/samkeeper/sim/simtest"
)

// tables opens an empty table of each kind.
var tables = map[string]func(t *testing.T) rows.Table{
	"memory":    func(*testing.T) rows.Table { return rows.NewMemory() },
	"azure":     func(t *testing.T) rows.Table { t.Helper(); return remote(t, azurite.ForTest(t).ConnectionString()) },
	"simulated": func(t *testing.T) rows.Table { t.Helper(); return remote(t, simtest.Storage(t).ConnectionString()) },
}

// remote opens an empty table of a storage account.
func remote(t *testing.T, account string) rows.Table {
	t.Helper()
	clients, err := storage.New(storage.Config{ConnectionString: account})
	if err != nil {
		t.Fatal(err)
	}
	client := clients.Table("Rows")
	if _, err := client.CreateTable(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return rows.Azure(client)
}

// text is a row with one column.
func text(partition, key, s string) rows.Row {
	doc, _ := json.Marshal(s)
	return rows.Row{Key: rows.Key{Partition: partition, Row: key}, Columns: rows.Columns{"Text": doc}}
}

// read gets a row's text.
func read(t *testing.T, table rows.Table, partition, key string) (string, rows.Row) {
	t.Helper()
	r, err := table.Get(t.Context(), rows.Key{Partition: partition, Row: key})
	if err != nil {
		t.Fatal(err)
	}
	var v struct{ Text string }
	if err := r.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v.Text, r
}

func wantErr(t *testing.T, what string, have, want error) {
	t.Helper()
	if !errors.Is(have, want) {
		t.Errorf("%s: error %v, want %v", what, have, want)
	}
}

func TestSingleRows(t *testing.T) {
	t.Parallel()
	for name, open := range tables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := open(t)
			ctx, r := t.Context(), text("p", "r", "one 'quoted' / \\ # ?")
			_, err := table.Get(ctx, r.Key)
			wantErr(t, "get before", err, rows.ErrNotFound)
			wantErr(t, "replace before", table.Replace(ctx, rows.Row{Key: r.Key, ETag: `W/"datetime'2026-11-21T00%3A00%3A00.0000000Z'"`, Columns: r.Columns}), rows.ErrChanged)
			wantErr(t, "delete before", table.Delete(ctx, r.Key), nil)
			wantErr(t, "insert", table.Insert(ctx, r), nil)
			wantErr(t, "insert again", table.Insert(ctx, r), rows.ErrExists)

			have, first := read(t, table, "p", "r")
			if have != "one 'quoted' / \\ # ?" {
				t.Errorf("read %q", have)
			}
			next := text("p", "r", "two")
			next.ETag = first.ETag
			wantErr(t, "replace", table.Replace(ctx, next), nil)
			wantErr(t, "replace the version before", table.Replace(ctx, next), rows.ErrChanged)
			wantErr(t, "upsert", table.Upsert(ctx, text("p", "r", "three")), nil)
			if have, _ := read(t, table, "p", "r"); have != "three" {
				t.Errorf("read %q", have)
			}
			wantErr(t, "delete", table.Delete(ctx, r.Key), nil)
			_, err = table.Get(ctx, r.Key)
			wantErr(t, "get after", err, rows.ErrNotFound)
		})
	}
}

func TestTransactionIsAllOrNothing(t *testing.T) {
	t.Parallel()
	for name, open := range tables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := open(t)
			ctx := t.Context()
			if err := table.Insert(ctx, text("p", "old", "1")); err != nil {
				t.Fatal(err)
			}
			_, old := read(t, table, "p", "old")
			if err := table.Upsert(ctx, text("p", "old", "2")); err != nil {
				t.Fatal(err)
			}
			add := rows.Action{Kind: rows.Insert, Row: text("p", "new", "1")}
			for name, second := range map[string]rows.Action{
				"insert what exists":       {Kind: rows.Insert, Row: text("p", "old", "3")},
				"replace a version before": {Kind: rows.Replace, Row: old},
				"delete what is not there": {Kind: rows.Delete, Row: text("p", "none", "")},
			} {
				wantErr(t, name, table.Apply(ctx, []rows.Action{add, second}), rows.ErrConflict)
				_, err := table.Get(ctx, add.Row.Key)
				wantErr(t, name+", first action", err, rows.ErrNotFound)
			}
			_, old = read(t, table, "p", "old")
			err := table.Apply(ctx, []rows.Action{
				add,
				{Kind: rows.Replace, Row: rows.Row{Key: old.Key, ETag: old.ETag, Columns: text("p", "", "4").Columns}},
				{Kind: rows.Upsert, Row: text("p", "up", "5")},
			})
			wantErr(t, "all good", err, nil)
			wantErr(t, "delete two", table.Apply(ctx, []rows.Action{
				{Kind: rows.Delete, Row: rows.Row{Key: old.Key}},
				{Kind: rows.Delete, Row: rows.Row{Key: add.Row.Key}},
			}), nil)
			if have, _ := read(t, table, "p", "up"); have != "5" {
				t.Errorf("read %q", have)
			}
			wantErr(t, "nothing", table.Apply(ctx, nil), nil)
		})
	}
}

// A transaction of one is refused and applied like any other.
func TestTransactionOfOne(t *testing.T) {
	t.Parallel()
	for name, open := range tables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := open(t)
			ctx := t.Context()
			apply := func(kind rows.ActionKind, r rows.Row) error {
				return table.Apply(ctx, []rows.Action{{Kind: kind, Row: r}})
			}
			wantErr(t, "insert", apply(rows.Insert, text("p", "r", "1")), nil)
			_, old := read(t, table, "p", "r")
			wantErr(t, "insert again", apply(rows.Insert, text("p", "r", "2")), rows.ErrConflict)
			wantErr(t, "upsert", apply(rows.Upsert, text("p", "r", "3")), nil)
			wantErr(t, "replace a version before", apply(rows.Replace, old), rows.ErrConflict)
			_, now := read(t, table, "p", "r")
			wantErr(t, "replace", apply(rows.Replace, rows.Row{Key: now.Key, ETag: now.ETag, Columns: text("p", "", "4").Columns}), nil)
			if have, _ := read(t, table, "p", "r"); have != "4" {
				t.Errorf("read %q", have)
			}
			wantErr(t, "delete", apply(rows.Delete, rows.Row{Key: now.Key}), nil)
			wantErr(t, "delete what is not there", apply(rows.Delete, rows.Row{Key: now.Key}), rows.ErrConflict)
			wantErr(t, "replace what is not there", apply(rows.Replace, now), rows.ErrConflict)
		})
	}
}

func TestImpossibleTransactions(t *testing.T) {
	t.Parallel()
	for name, open := range tables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := open(t)
			upsert := func(partition, key string) rows.Action {
				return rows.Action{Kind: rows.Upsert, Row: text(partition, key, "x")}
			}
			many := make([]rows.Action, 101)
			for i := range many {
				many[i] = upsert("p", fmt.Sprint(i))
			}
			for name, actions := range map[string][]rows.Action{
				"two partitions": {upsert("p", "a"), upsert("q", "b")},
				"a row twice":    {upsert("p", "a"), upsert("p", "a")},
				"101 rows":       many,
			} {
				if err := table.Apply(t.Context(), actions); err == nil || errors.Is(err, rows.ErrConflict) {
					t.Errorf("%s: error %v, want one that no retry mends", name, err)
				}
			}
			for r, err := range table.Query(t.Context(), rows.Query{}) {
				t.Errorf("row %v, error %v", r.Key, err)
			}
		})
	}
}

func TestFitBoundsBytes(t *testing.T) {
	t.Parallel()
	var batch []rows.Action
	for i := range 40 {
		r := text("p", fmt.Sprint(i), "x")
		for _, column := range []string{"A", "B", "C", "D"} {
			doc, _ := json.Marshal(strings.Repeat("x", rows.MaxText))
			r.Columns[column] = doc
		}
		batch = append(batch, rows.Action{Kind: rows.Upsert, Row: r})
	}
	if n := rows.Fit(batch); n < 20 || n > 24 {
		t.Errorf("%d rows of 128 KB fit, want about 3 MiB of them", n)
	}
	if n := rows.Fit(nil); n != 0 {
		t.Errorf("%d of none fit", n)
	}
}

func TestQueries(t *testing.T) {
	t.Parallel()
	for name, open := range tables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := open(t)
			for _, r := range []rows.Row{
				text("p", "b|2", "odd"), text("p", "a|1", "even"), text("p", "b|1", "even"), text("p", "b}", "odd"),
				text("p", "b", "it's"), text("q", "b|1", "even"),
			} {
				if err := table.Insert(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			from, to := rows.Under("b")
			for name, row := range map[string]struct {
				query rows.Query
				want  []string
			}{
				"all":            {rows.Query{}, []string{"p/a|1", "p/b", "p/b|1", "p/b|2", "p/b}", "q/b|1"}},
				"partition":      {rows.Query{Partition: "q"}, []string{"q/b|1"}},
				"range":          {rows.Query{Partition: "p", From: from, To: to}, []string{"p/b|1", "p/b|2"}},
				"column":         {rows.Query{Column: "Text", Value: "even"}, []string{"p/a|1", "p/b|1", "q/b|1"}},
				"quote":          {rows.Query{Column: "Text", Value: "it's"}, []string{"p/b"}},
				"limit":          {rows.Query{Partition: "p", Limit: 2}, []string{"p/a|1", "p/b"}},
				"limit over all": {rows.Query{Limit: 5000}, []string{"p/a|1", "p/b", "p/b|1", "p/b|2", "p/b}", "q/b|1"}},
				"nothing":        {rows.Query{Partition: "z"}, nil},
			} {
				var have []string
				for r, err := range table.Query(t.Context(), row.query) {
					if err != nil {
						t.Fatal(err)
					}
					have = append(have, r.Partition+"/"+r.Row)
				}
				if diff := cmp.Diff(row.want, have); diff != "" {
					t.Errorf("%s (-want +have)\n%s", name, diff)
				}
			}
		})
	}
}

func TestPagesAreFollowed(t *testing.T) {
	t.Parallel()
	for name, open := range tables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := open(t)
			var batch []rows.Action
			for i := range 1100 { // the service answers with 1,000 at most
				batch = append(batch, rows.Action{Kind: rows.Insert, Row: text("p", fmt.Sprintf("%04d", i), "x")})
			}
			for len(batch) > 0 {
				n := rows.Fit(batch)
				if err := table.Apply(t.Context(), batch[:n]); err != nil {
					t.Fatal(err)
				}
				batch = batch[n:]
			}
			for limit, want := range map[int]int{0: 1100, 1050: 1050, 30: 30} {
				n := 0
				for r, err := range table.Query(t.Context(), rows.Query{Partition: "p", Limit: limit}) {
					if err != nil || r.Row != fmt.Sprintf("%04d", n) {
						t.Fatal(r.Row, err)
					}
					n++
				}
				if n != want {
					t.Errorf("limit %d: %d rows, want %d", limit, n, want)
				}
			}
		})
	}
}

func TestMissingTableIsNotAMissingRow(t *testing.T) {
	t.Parallel()
	clients, err := storage.New(storage.Config{ConnectionString: azurite.ForTest(t).ConnectionString()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Azure(clients.Table("Nowhere")).Get(t.Context(), rows.Key{Partition: "p", Row: "r"}); err == nil || errors.Is(err, rows.ErrNotFound) {
		t.Errorf("error %v, want one about the table", err)
	}
}
