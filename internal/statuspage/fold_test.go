package statuspage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// crowd is a run in which one trouble met many customers and another met one.
func crowd(n int) *kept {
	const run = "20261121T170500Z-0001"
	k := &kept{runs: []ledger.Run{{ID: run, State: ledger.RunClosed, Expected: n + 2, Sums: ledger.Sums{Failed: n + 2}}}, outcomes: map[string][]ledger.Outcome{}}
	for i := range n {
		id := sam.CustomerID(fmt.Sprintf("c0000000-0000-4000-8000-%012d", i))
		k.customers = append(k.customers, sam.Customer{ID: id, Name: fmt.Sprint("Customer ", i), Access: sam.ConsentMissing, AccessDetail: fmt.Sprint("detail ", i)})
		k.outcomes[run] = append(k.outcomes[run], ledger.Outcome{Run: run, Customer: id, Task: "health", State: sam.Failed, Class: sam.ClassConfiguration, Code: "AADSTS70011", Plain: "The scope is not valid.", Fix: "Report it.", RequestID: fmt.Sprint("req-", i), Try: 1})
	}
	k.outcomes[run] = append(k.outcomes[run],
		ledger.Outcome{Run: run, Customer: alpha, Task: "alerts", State: sam.Failed, Class: sam.ClassRetry, Code: "HTTP503", Plain: "Down."},
		ledger.Outcome{Run: run, Customer: alpha, Task: "health", State: sam.Failed, Class: sam.ClassConfiguration, Code: "AADSTS70011", Plain: "Another sentence."})
	k.customers = append(k.customers, sam.Customer{ID: alpha, Name: "Alpha", Access: sam.NoGDAP})
	return k
}

func TestTheSameProblemOverManyCustomersIsOneRow(t *testing.T) {
	t.Parallel()
	s := load(t, crowd(300))
	type row struct {
		What  string
		Count int
		Reach sam.Reach
		Owner sam.Owner
	}
	var got []row
	for _, f := range append(s.Folded.Failures, s.Folded.NoAccess...) {
		got = append(got, row{string(f.Class) + f.Code + string(f.Reason), f.Count, f.Reach, f.Owner})
		if len(f.Rows) != f.Count || f.Link == "" {
			t.Errorf("%d rows of %d, link %q", len(f.Rows), f.Count, f.Link)
		}
	}
	want := []row{
		{"configurationAADSTS70011", 301, sam.ReachEverything, sam.OwnerPartner},
		{"retryHTTP503", 1, sam.ReachCustomer, sam.OwnerPartner},
		{"consent_missing", 300, sam.ReachCustomer, sam.OwnerPartner},
		{"no_gdap", 1, sam.ReachCustomer, sam.OwnerCustomer},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("folds (-want +got):\n%s", diff)
	}
	if len(s.Failures) != 302 || len(s.NoAccess) != 301 {
		t.Errorf("the lists have %d and %d rows", len(s.Failures), len(s.NoAccess))
	}
	scope := s.Folded.Failures[0]
	if scope.Plain != "The scope is not valid." || scope.Rows[0].Detail != "" || scope.Rows[300].Detail != "Another sentence." || s.Folded.NoAccess[0].Rows[7].Detail != "detail 7" {
		t.Errorf("details %q %q", scope.Rows[0].Detail, scope.Rows[300].Detail)
	}
}

func TestThePageShowsOneRowAndUnfolds(t *testing.T) {
	t.Parallel()
	page := string(html(t, load(t, crowd(300))))
	for text, want := range map[string]int{
		"<b>The scope is not valid.</b>": 1, "<details>": 2, "<summary>301 tasks</summary>": 1, "<summary>300 customers</summary>": 1,
		"and 101 more": 1, "and 100 more": 1, "everything: the app itself": 1, "req-199": 1, "req-200": 0,
	} {
		if n := strings.Count(page, text); n != want {
			t.Errorf("%q stands there %d times, want %d", text, n, want)
		}
	}
	if strings.Contains(page, "<script") {
		t.Error("the page unfolds by script")
	}
}
