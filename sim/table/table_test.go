package table_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"github.com/samkeeper/samkeeper/sim/simtest"
)

// ours is a client of our service alone: what Azurite does otherwise.
func ours(t *testing.T) *aztables.ServiceClient {
	t.Helper()
	service, err := aztables.NewServiceClientFromConnectionString(simtest.Storage(t).ConnectionString(), &aztables.ClientOptions{
		ClientOptions: azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

// TestLimitsOfATransaction: Azurite lets two partitions pass and answers 101
// rows with something that is not HTTP.
func TestLimitsOfATransaction(t *testing.T) {
	t.Parallel()
	client := filled(t, ours(t))
	many := func(n int, partition func(i int) string) []aztables.TransactionAction {
		var actions []aztables.TransactionAction
		for i := range n {
			actions = append(actions, aztables.TransactionAction{ActionType: aztables.TransactionTypeAdd, Entity: row(t, partition(i), fmt.Sprint(i), nil)})
		}
		return actions
	}
	one := func(int) string { return "n" }
	for _, tc := range []struct {
		name    string
		actions []aztables.TransactionAction
		want    string
	}{
		{"100 rows", many(100, one), "ok"},
		{"101 rows", many(101, func(int) string { return "o" }), "202 "},
		{"two partitions", many(2, func(i int) string { return fmt.Sprint("p", i) }), "202 "},
	} {
		_, err := client.SubmitTransaction(t.Context(), tc.actions, nil)
		want(t, tc.name, err, tc.want)
	}
}

func TestAPageEndsAfterAThousandRows(t *testing.T) {
	t.Parallel()
	client := service1500(t)
	keys, pages := drain(t, client, nil)
	if len(keys) != 1500 || len(pages) != 2 || pages[0] != 1000 {
		t.Errorf("%d rows in pages of %v", len(keys), pages)
	}
}

// service1500 is a table of 1,500 rows.
func service1500(t *testing.T) *aztables.Client {
	t.Helper()
	client := ours(t).NewClient("Many")
	if _, err := client.CreateTable(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for i := range 15 {
		var actions []aztables.TransactionAction
		for k := range 100 {
			actions = append(actions, aztables.TransactionAction{ActionType: aztables.TransactionTypeAdd, Entity: row(t, "p", fmt.Sprintf("%04d", 100*i+k), nil)})
		}
		if _, err := client.SubmitTransaction(t.Context(), actions, nil); err != nil {
			t.Fatal(err)
		}
	}
	return client
}

func TestWhoMayNotIsRefused(t *testing.T) {
	t.Parallel()
	account := simtest.Storage(t)
	other := strings.Replace(account.ConnectionString(), "AccountKey=Eby8", "AccountKey=Abcd", 1)
	service, err := aztables.NewServiceClientFromConnectionString(other, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = service.CreateTable(t.Context(), "Things", nil)
	want(t, "another key", err, "403 AuthenticationFailed")
	anonymous, err := aztables.NewServiceClientWithNoCredential(account.URL(2, "devstoreaccount1"), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = anonymous.CreateTable(t.Context(), "Things", nil)
	want(t, "no key", err, "401 NoAuthenticationInformation")
}

// TestWhatIsRefused: bodies and addresses that the service takes no part of.
func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	client := filled(t, ours(t))
	for _, tc := range []struct {
		name    string
		columns map[string]any
		key     string
		want    string
	}{
		{"an object", map[string]any{"A": map[string]any{}}, "x", "400 InvalidInput"},
		{"a list", map[string]any{"A": []int{1}}, "x", "400 InvalidInput"},
		{"a number that is none", map[string]any{"A": "x", "A@odata.type": "Edm.Int64"}, "x", "400 InvalidInput"},
		{"a time that is none", map[string]any{"A": "noon", "A@odata.type": "Edm.DateTime"}, "x", "400 InvalidInput"},
		{"bytes", map[string]any{"A": base64.StdEncoding.EncodeToString([]byte{0, 1}), "A@odata.type": "Edm.Binary"}, "bytes", "ok"},
		{"nothing", map[string]any{"A": nil}, "nothing", "ok"},
		{"a key too long", nil, strings.Repeat("k", 513), "400 KeyValueTooLarge"},
		{"a slash in a key", nil, "a/b", "400 OutOfRangeInput"},
	} {
		_, err := client.AddEntity(t.Context(), row(t, "p", tc.key, tc.columns), nil)
		want(t, tc.name, err, tc.want)
	}
	page, big := aztables.ListEntitiesOptions{Top: new(int32(1001))}, strings.Repeat("(", 100)
	_, err := client.NewListEntitiesPager(&page).NextPage(t.Context())
	want(t, "a page too large", err, "400 InvalidInput")
	_, err = client.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &big}).NextPage(t.Context())
	want(t, "a filter too deep", err, "400 InvalidInput")
	columns := "Text"
	_, err = client.NewListEntitiesPager(&aztables.ListEntitiesOptions{Select: &columns}).NextPage(t.Context())
	want(t, "what we do not know", err, fmt.Sprint(http.StatusNotImplemented, " NotImplemented"))
}
