package table_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"github.com/samkeeper/samkeeper/localworld/azurite"
	"github.com/samkeeper/samkeeper/sim/simtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	azurite.StopShared()
	os.Exit(code)
}

// both are the services that must behave alike.
var both = map[string]func(t *testing.T) string{
	"azurite": func(t *testing.T) string { t.Helper(); return azurite.ForTest(t).ConnectionString() },
	"ours":    func(t *testing.T) string { t.Helper(); return simtest.Storage(t).ConnectionString() },
}

// onBoth runs a test with Microsoft's client against both services.
func onBoth(t *testing.T, test func(t *testing.T, service *aztables.ServiceClient)) {
	t.Helper()
	t.Parallel()
	for name, open := range both {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service, err := aztables.NewServiceClientFromConnectionString(open(t), &aztables.ClientOptions{
				ClientOptions: azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}},
			})
			if err != nil {
				t.Fatal(err)
			}
			test(t, service)
		})
	}
}

// filled makes a table of 60 rows, 20 in each of the partitions a, b and c.
func filled(t *testing.T, service *aztables.ServiceClient) *aztables.Client {
	t.Helper()
	client := service.NewClient("Rows")
	if _, err := client.CreateTable(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for _, partition := range []string{"a", "b", "c"} {
		var actions []aztables.TransactionAction
		for i := range 20 {
			actions = append(actions, aztables.TransactionAction{ActionType: aztables.TransactionTypeAdd, Entity: row(t, partition, fmt.Sprintf("r%02d", i), map[string]any{
				"Text": fmt.Sprintf("it's %d", i%4), "Number": i, "Half": float64(i) + 0.5, "Odd": i%2 == 1,
				"Big": fmt.Sprint(int64(1)<<40 + int64(i)), "Big@odata.type": "Edm.Int64",
				"When": fmt.Sprintf("2026-11-22T00:00:%02dZ", i), "When@odata.type": "Edm.DateTime",
			})})
		}
		if _, err := client.SubmitTransaction(t.Context(), actions, nil); err != nil {
			t.Fatal(err)
		}
	}
	return client
}

func row(t *testing.T, partition, key string, columns map[string]any) []byte {
	t.Helper()
	doc := map[string]any{"PartitionKey": partition, "RowKey": key}
	for name, value := range columns {
		doc[name] = value
	}
	body, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// outcome is what a client can tell of a failed call: status and code.
func outcome(err error) string {
	var answer *azcore.ResponseError
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &answer):
		return fmt.Sprint(answer.StatusCode, " ", answer.ErrorCode)
	}
	return "no answer: " + err.Error()
}

func want(t *testing.T, what string, err error, expected string) {
	t.Helper()
	if have := outcome(err); have != expected {
		t.Errorf("%s: %s, want %s", what, have, expected)
	}
}

func TestTables(t *testing.T) {
	onBoth(t, func(t *testing.T, service *aztables.ServiceClient) {
		t.Helper()
		client := service.NewClient("Things")
		_, err := client.AddEntity(t.Context(), row(t, "p", "r", nil), nil)
		want(t, "a row without a table", err, "404 TableNotFound")
		_, err = client.GetEntity(t.Context(), "p", "r", nil)
		want(t, "reading without a table", err, "404 TableNotFound")
		_, err = client.NewListEntitiesPager(nil).NextPage(t.Context())
		want(t, "listing without a table", err, "404 TableNotFound")
		_, err = client.CreateTable(t.Context(), nil)
		want(t, "create", err, "ok")
		_, err = client.CreateTable(t.Context(), nil)
		want(t, "create again", err, "409 TableAlreadyExists")
		page, err := service.NewListTablesPager(nil).NextPage(t.Context())
		if err != nil || len(page.Tables) != 1 || *page.Tables[0].Name != "Things" {
			t.Errorf("tables %+v, %v", page.Tables, err)
		}
		_, err = client.Delete(t.Context(), nil)
		want(t, "delete", err, "ok")
		_, err = client.GetEntity(t.Context(), "p", "r", nil)
		want(t, "reading what was deleted", err, "404 TableNotFound")
	})
}

func TestEntities(t *testing.T) {
	onBoth(t, func(t *testing.T, service *aztables.ServiceClient) {
		t.Helper()
		ctx, client := t.Context(), service.NewClient("Things")
		if _, err := client.CreateTable(ctx, nil); err != nil {
			t.Fatal(err)
		}
		replace := func(tag string, columns map[string]any) error {
			etag := azcore.ETag(tag)
			_, err := client.UpdateEntity(ctx, row(t, "p", "r|1", columns), &aztables.UpdateEntityOptions{IfMatch: &etag, UpdateMode: aztables.UpdateModeReplace})
			return err
		}
		_, err := client.GetEntity(ctx, "p", "r|1", nil)
		want(t, "get before", err, "404 ResourceNotFound")
		want(t, "replace before", replace("*", nil), "404 ResourceNotFound")
		_, err = client.DeleteEntity(ctx, "p", "r|1", nil)
		want(t, "delete before", err, "404 ResourceNotFound")

		added, err := client.AddEntity(ctx, row(t, "p", "r|1", map[string]any{"A": "x", "B": 1}), nil)
		want(t, "add", err, "ok")
		_, err = client.AddEntity(ctx, row(t, "p", "r|1", nil), nil)
		want(t, "add again", err, "409 EntityAlreadyExists")
		want(t, "replace", replace(string(added.ETag), map[string]any{"A": "y"}), "ok")
		want(t, "replace an old version", replace(string(added.ETag), nil), "412 UpdateConditionNotSatisfied")
		_, err = client.UpsertEntity(ctx, row(t, "p", "r|1", map[string]any{"C": true}), &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeMerge})
		want(t, "merge", err, "ok")
		have, err := client.GetEntity(ctx, "p", "r|1", nil)
		want(t, "get", err, "ok")
		var columns map[string]any
		if err := json.Unmarshal(have.Value, &columns); err != nil {
			t.Fatal(err)
		}
		if columns["A"] != "y" || columns["B"] != nil || columns["C"] != true || columns["odata.etag"] != string(have.ETag) || columns["Timestamp"] == nil {
			t.Errorf("row %s, ETag %s", have.Value, have.ETag)
		}
		_, err = client.UpsertEntity(ctx, row(t, "p", "new", nil), &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace})
		want(t, "upsert a new one", err, "ok")
		old := added.ETag
		_, err = client.DeleteEntity(ctx, "p", "r|1", &aztables.DeleteEntityOptions{IfMatch: &old})
		want(t, "delete an old version", err, "412 UpdateConditionNotSatisfied")
		_, err = client.DeleteEntity(ctx, "p", "r|1", nil)
		want(t, "delete", err, "ok")
		_, err = client.AddEntity(ctx, row(t, "p", "long", map[string]any{"A": strings.Repeat("x", 32<<10+1)}), nil)
		want(t, "a text too long", err, "400 PropertyValueTooLarge")
	})
}

// drain reads all pages and returns "partition/row" of each, and how many rows
// each page had.
func drain(t *testing.T, client *aztables.Client, options *aztables.ListEntitiesOptions) (keys []string, pages []int) {
	t.Helper()
	for pager := client.NewListEntitiesPager(options); pager.More(); {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range page.Entities {
			var e struct{ PartitionKey, RowKey string }
			if err := json.Unmarshal(raw, &e); err != nil {
				t.Fatal(err)
			}
			keys = append(keys, e.PartitionKey+"/"+e.RowKey)
		}
		pages = append(pages, len(page.Entities))
	}
	return keys, pages
}

func TestQueries(t *testing.T) {
	onBoth(t, func(t *testing.T, service *aztables.ServiceClient) {
		t.Helper()
		client := filled(t, service)
		for _, tc := range []struct {
			filter      string
			count       int
			first, last string
		}{
			{"", 60, "a/r00", "c/r19"},
			{"PartitionKey eq 'b'", 20, "b/r00", "b/r19"},
			{"PartitionKey eq 'b' and RowKey ge 'r05' and RowKey lt 'r10'", 5, "b/r05", "b/r09"},
			{"PartitionKey eq 'b' and RowKey gt 'r05' and RowKey le 'r10'", 5, "b/r06", "b/r10"},
			{"(PartitionKey eq 'b') and (RowKey eq 'r05' or RowKey eq 'r07')", 2, "b/r05", "b/r07"},
			{"PartitionKey gt 'a'", 40, "b/r00", "c/r19"},
			{"PartitionKey ge 'a' and PartitionKey lt 'b'", 20, "a/r00", "a/r19"},
			{"Text eq 'it''s 3'", 15, "a/r03", "c/r19"},
			{"PartitionKey eq 'c' and Text ne 'it''s 3'", 15, "c/r00", "c/r18"},
			{"Number ge 18", 6, "a/r18", "c/r19"},
			{"Half gt 18.5", 3, "a/r19", "c/r19"},
			{"Odd eq true and PartitionKey eq 'a'", 10, "a/r01", "a/r19"},
			{"not (Odd eq true) and PartitionKey eq 'a'", 10, "a/r00", "a/r18"},
			{"Big gt 1099511627794L", 3, "a/r19", "c/r19"},
			{"When ge datetime'2026-11-22T00:00:19Z'", 3, "a/r19", "c/r19"},
			{"Nothing eq 'x'", 0, "", ""},
			{"PartitionKey eq 'none'", 0, "", ""},
		} {
			var options aztables.ListEntitiesOptions
			if tc.filter != "" {
				options.Filter = &tc.filter
			}
			keys, _ := drain(t, client, &options)
			if len(keys) != tc.count || len(keys) > 0 && (keys[0] != tc.first || keys[len(keys)-1] != tc.last) {
				t.Errorf("%q: %q, want %d from %s to %s", tc.filter, keys, tc.count, tc.first, tc.last)
			}
		}
		nonsense := "PartitionKey like 'a'"
		_, err := client.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &nonsense}).NextPage(t.Context())
		var answer *azcore.ResponseError
		if !errors.As(err, &answer) || answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: %v", nonsense, err)
		}
	})
}

func TestPages(t *testing.T) {
	onBoth(t, func(t *testing.T, service *aztables.ServiceClient) {
		t.Helper()
		client, top := filled(t, service), int32(7)
		keys, pages := drain(t, client, &aztables.ListEntitiesOptions{Top: &top})
		if len(keys) != 60 || len(pages) != 9 || pages[0] != 7 {
			t.Errorf("%d rows in pages of %v", len(keys), pages)
		}
		for i := 1; i < len(keys); i++ {
			if keys[i-1] >= keys[i] {
				t.Errorf("%s before %s", keys[i-1], keys[i])
			}
		}
	})
}

func TestTransactions(t *testing.T) {
	onBoth(t, func(t *testing.T, service *aztables.ServiceClient) {
		t.Helper()
		client := filled(t, service)
		stale := azcore.ETag(`W/"datetime'2026-11-21T00%3A00%3A00.0000000Z'"`)
		do := func(actions ...aztables.TransactionAction) string {
			_, err := client.SubmitTransaction(t.Context(), actions, nil)
			return outcome(err)
		}
		add := func(p, r string) aztables.TransactionAction {
			return aztables.TransactionAction{ActionType: aztables.TransactionTypeAdd, Entity: row(t, p, r, nil)}
		}
		for _, tc := range []struct {
			name    string
			actions []aztables.TransactionAction
			want    string
		}{
			{"new rows", []aztables.TransactionAction{add("n", "1"), add("n", "2")}, "ok"},
			{"a row that is there", []aztables.TransactionAction{add("n", "3"), add("n", "1")}, "202 "},
			{"one row twice", []aztables.TransactionAction{add("n", "5"), add("n", "5")}, "202 "},
			{"an old version", []aztables.TransactionAction{add("n", "6"), {ActionType: aztables.TransactionTypeUpdateReplace, Entity: row(t, "n", "1", nil), IfMatch: &stale}}, "202 "},
			{"deleting what is not there", []aztables.TransactionAction{add("n", "7"), {ActionType: aztables.TransactionTypeDelete, Entity: row(t, "n", "none", nil)}}, "202 "},
			{"upsert and delete", []aztables.TransactionAction{
				{ActionType: aztables.TransactionTypeInsertReplace, Entity: row(t, "n", "8", nil)},
				{ActionType: aztables.TransactionTypeInsertMerge, Entity: row(t, "n", "1", map[string]any{"A": 1})},
				{ActionType: aztables.TransactionTypeDelete, Entity: row(t, "n", "2", nil)},
			}, "ok"},
		} {
			if have := do(tc.actions...); have != tc.want {
				t.Errorf("%s: %q, want %q", tc.name, have, tc.want)
			}
		}
		filter := "PartitionKey eq 'n'"
		if keys, _ := drain(t, client, &aztables.ListEntitiesOptions{Filter: &filter}); strings.Join(keys, " ") != "n/1 n/8" {
			t.Errorf("left are %q: a refused transaction must leave nothing", keys)
		}
	})
}
