package statuspage_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"iter"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/statuspage"
	"github.com/samkeeper/samkeeper/internal/watchdog"
)

var update = flag.Bool("update", false, "write the golden files")

var now = time.Date(2026, 11, 21, 21, 30, 0, 0, time.UTC)

const (
	alpha = sam.CustomerID("aaaaaaaa-0000-4000-8000-000000000001")
	beta  = sam.CustomerID("bbbbbbbb-0000-4000-8000-000000000002")
	gone  = sam.CustomerID("cccccccc-0000-4000-8000-000000000003")
	conn  = sam.ConnectionID("11111111-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333333")
)

// kept is a ledger held in memory; err fails the named read.
type kept struct {
	connections []ledger.Connection
	customers   []sam.Customer
	runs        []ledger.Run
	outcomes    map[string][]ledger.Outcome
	findings    []ledger.FindingRow
	beats       map[string]time.Time
	fail        string
	read        map[string]int
}

var errBroken = errors.New("table is away")

func (k *kept) err(name string) error {
	if k.fail == name {
		return errBroken
	}
	return nil
}

func (k *kept) Connections(context.Context) ([]ledger.Connection, error) {
	return k.connections, k.err("connections")
}

func (k *kept) Customers(context.Context) ([]sam.Customer, error) {
	return k.customers, k.err("customers")
}

func (k *kept) Runs(_ context.Context, limit int) ([]ledger.Run, error) {
	return k.runs[:min(limit, len(k.runs))], k.err("runs")
}

func (k *kept) OpenFindings(context.Context) ([]ledger.FindingRow, error) {
	return k.findings, k.err("findings")
}

func (k *kept) Heartbeats(context.Context) (map[string]time.Time, error) {
	return k.beats, k.err("heartbeats")
}

func (k *kept) Outcomes(_ context.Context, run string) iter.Seq2[ledger.Outcome, error] {
	return func(yield func(ledger.Outcome, error) bool) {
		if k.read != nil {
			k.read[run]++
		}
		for _, o := range k.outcomes[run] {
			if !yield(o, nil) {
				return
			}
		}
		if err := k.err("outcomes"); err != nil {
			yield(ledger.Outcome{}, err)
		}
	}
}

// world is a ledger with one of everything.
func world() *kept {
	at := func(d time.Duration) time.Time { return now.Add(-d) }
	return &kept{
		connections: []ledger.Connection{
			{
				ID: conn, Kind: sam.PartnerConnection, UPN: "sam.keeper@partner.example", ConsentedAt: at(400 * time.Hour),
				RedeemedAt: at(5 * time.Hour), Expires: at(5*time.Hour).AddDate(0, 0, 90), RotatedAt: at(5 * time.Hour), ProvedAt: at(5 * time.Hour), MFA: true,
			},
			{
				ID: "99999999-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333333", Kind: sam.DirectConnection, UPN: "admin@<b>customer</b>.example",
				RedeemedAt: at(800 * time.Hour), Expires: now.Add(50*time.Hour + time.Minute), MFA: true,
				Problem: &ledger.ConnectionProblem{Class: sam.ClassReconsent, Code: "AADSTS50173", Plain: "The password was changed.", Fix: "Consent again.", RequestID: "req-1", Since: at(30 * time.Hour)},
			},
		},
		customers: []sam.Customer{
			{ID: alpha, Name: "Alpha & Söhne", SeenAt: at(time.Hour)},
			{ID: beta, Name: "Beta", SeenAt: at(time.Hour), Access: sam.NoGDAP, AccessDetail: "No active relationship."},
			{ID: gone, Name: "Gone", SeenAt: at(100 * time.Hour), Access: sam.NoReseller},
		},
		runs: []ledger.Run{
			{ID: "20261121T210500Z-0002", State: ledger.RunOpen, Opened: at(25 * time.Minute), Deadline: now.Add(3 * time.Hour), Tasks: []string{"health", "alerts", "access"}, Customers: 2, Expected: 4, Sums: ledger.Sums{Pending: 4}},
			{ID: "20261121T170500Z-0001", State: ledger.RunClosed, Opened: at(265 * time.Minute), Closed: at(255 * time.Minute), Tasks: []string{"health"}, Customers: 2, Expected: 2, Sums: ledger.Sums{Done: 1, Failed: 1, FailedBy: map[sam.Class]int{sam.ClassPolicy: 1}}},
			{ID: "20261121T130500Z-0000", State: ledger.RunClosed, Expected: 2, Sums: ledger.Sums{Failed: 2}},
		},
		outcomes: map[string][]ledger.Outcome{
			"20261121T210500Z-0002": {
				{Run: "20261121T210500Z-0002", Customer: alpha, Task: "alerts", State: sam.Done},
				{Run: "20261121T210500Z-0002", Customer: alpha, Task: "health", State: sam.Retry},
				{Run: "20261121T210500Z-0002", Customer: beta, Task: "alerts", State: sam.Skipped, Reason: sam.NoGDAP},
				{Run: "20261121T210500Z-0002", Customer: beta, Task: "health", State: sam.Expected},
			},
			"20261121T170500Z-0001": {
				{Run: "20261121T170500Z-0001", Customer: alpha, Task: "health", State: sam.Failed, Class: sam.ClassPolicy, Code: "AADSTS53003", Plain: "Blocked.", Fix: "Ask.", RequestID: "req-2", Try: 4},
				{Run: "20261121T170500Z-0001", Customer: beta, Task: "health", State: sam.Done},
			},
		},
		findings: []ledger.FindingRow{
			{Finding: sam.Finding{Customer: alpha, Task: "alerts", Key: "alert_fired|/a", Kind: "alert_fired", Severity: sam.Low, Title: "CPU is high"}, ID: "f1", Open: true, OpenedAt: at(time.Hour)},
			{Finding: sam.Finding{Customer: alpha, Task: "health", Key: "resource_unhealthy|/v", Kind: "resource_unhealthy", Severity: sam.Critical, Title: "vm-1 is unavailable", Detail: "<img src=x>", Resource: "/subscriptions/s/vm-1", Since: at(90 * time.Minute)}, ID: "f2", Open: true, OpenedAt: at(time.Hour)},
			{Finding: sam.Finding{Customer: alpha, Task: "access", Key: "access_ending|relationship|r-1", Kind: "access_ending", Severity: sam.Medium, Title: "Relationship “Alpha <managed>” ends on 2026-12-11", Detail: "Needed by: health, alerts.", Due: now.Add(20*24*time.Hour + time.Hour), Fix: "Switch on auto extend.", Owner: sam.OwnerPartner, Link: "https://learn.example/gdap"}, ID: "f4", Open: true, OpenedAt: at(time.Hour)},
			{Finding: sam.Finding{Customer: alpha, Task: "access", Key: "access_missing|azure", Kind: "access_missing", Severity: sam.Medium, Title: "Azure cannot be read", Detail: "Needed by: health, alerts.", Fix: "Grant Reader.", Owner: sam.OwnerCustomer, Link: "https://learn.example/azure"}, ID: "f5", Open: true, OpenedAt: at(time.Hour)},
			{Finding: sam.Finding{Customer: beta, Task: "access", Key: "access_missing|relationship", Kind: "access_missing", Severity: sam.High, Title: "No delegated admin relationship is active", Detail: "Needed by: health, alerts.", Fix: "Send a request.", Owner: sam.OwnerCustomer, Link: "https://learn.example/gdap"}, ID: "f6", Open: true, OpenedAt: at(2 * time.Hour)},
			{Finding: sam.Finding{Customer: watchdog.Self, Task: watchdog.TaskSelfCheck, Key: "self_check|daily", Kind: watchdog.KindSelfCheck, Severity: sam.Low, Title: "Daily self-check"}, ID: "f3", Open: true, OpenedAt: at(time.Minute)},
		},
		beats: map[string]time.Time{
			"watch_began": at(900 * time.Hour), watchdog.SuperviseRuns: at(time.Minute), watchdog.RotateRefreshTokens: at(13 * time.Minute), watchdog.EnqueueCustomers: at(14 * time.Hour),
			"self_check_opened": at(time.Minute), "self_check_closed": at(24 * time.Hour), "self_check_announced": at(time.Minute),
		},
	}
}

func load(t *testing.T, k *kept) statuspage.Status {
	t.Helper()
	s, err := statuspage.Load(t.Context(), k, "v0.1.0", now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGolden(t *testing.T) {
	t.Parallel()
	s := load(t, world())
	asJSON, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "status.json", append(asJSON, '\n'))
	golden(t, "status.html", html(t, s))
	golden(t, "empty.html", html(t, load(t, &kept{})))
}

func html(t *testing.T, s statuspage.Status) []byte {
	t.Helper()
	w := httptest.NewRecorder()
	if err := statuspage.WriteHTML(w, s); err != nil {
		t.Fatal(err)
	}
	// The stylesheet has its own tests and would bury the page's changes.
	before, rest, _ := bytes.Cut(w.Body.Bytes(), []byte("<style>"))
	_, after, ok := bytes.Cut(rest, []byte("</style>"))
	if !ok {
		t.Fatal("the page has no stylesheet")
	}
	return append(before, after...)
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got); -update writes it:\n%s", path, diff)
	}
}

func TestForeignTextIsEscaped(t *testing.T) {
	t.Parallel()
	page := string(html(t, load(t, world())))
	for _, raw := range []string{"<img", "<b>customer"} {
		if strings.Contains(page, raw) {
			t.Errorf("the page contains %q as markup", raw)
		}
	}
}

func TestOpenRunsAreCountedAfresh(t *testing.T) {
	t.Parallel()
	k := world()
	k.read = map[string]int{}
	s := load(t, k)
	if r := s.Runs[0]; r.Done != 1 || r.Skipped != 1 || r.Pending != 2 || r.SkippedBy[sam.NoGDAP] != 1 {
		t.Errorf("open run: %+v", r)
	}
	if len(s.Failures) != 1 || s.Failures[0].Customer != alpha || s.Failures[0].CustomerName != "Alpha & Söhne" {
		t.Errorf("failures: %+v", s.Failures)
	}
	if want := map[string]int{"20261121T210500Z-0002": 1, "20261121T170500Z-0001": 1}; !cmp.Equal(k.read, want) {
		t.Errorf("outcomes read: %v, want %v", k.read, want)
	}
}

func TestLoadReportsWhatFailed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"connections", "customers", "runs", "findings", "outcomes", "heartbeats"} {
		k := world()
		k.fail = name
		if _, err := statuspage.Load(t.Context(), k, "", now); !errors.Is(err, errBroken) {
			t.Errorf("%s: error = %v", name, err)
		}
	}
}

func TestLongTablesAreCut(t *testing.T) {
	t.Parallel()
	k := &kept{}
	for range 250 {
		k.findings = append(k.findings, ledger.FindingRow{Finding: sam.Finding{Title: "many"}})
	}
	s := load(t, k)
	if len(s.Findings) != 250 || s.FindingsOpen != 250 {
		t.Errorf("JSON has %d of 250 findings", len(s.Findings))
	}
	page := string(html(t, s))
	if n := strings.Count(page, "<b>many</b>"); n != 200 || !strings.Contains(page, "and 50 more") {
		t.Errorf("the page shows %d rows", n)
	}
}

// TestTheSelfCheckIsNoFindingOfACustomer: it shows in its own block, and a
// silent timer beside it.
func TestTheSelfCheckIsNoFindingOfACustomer(t *testing.T) {
	t.Parallel()
	s := load(t, world())
	if s.FindingsOpen != 5 || len(s.Findings) != 5 {
		t.Errorf("%d findings open, %d listed", s.FindingsOpen, len(s.Findings))
	}
	if c := s.SelfCheck; c.Opened == nil || c.Closed == nil || c.Announced == nil || !c.Opened.Equal(now.Add(-time.Minute)) {
		t.Errorf("self-check %+v", c)
	}
	if len(s.Silent) != 1 || s.Silent[0].Part != watchdog.EnqueueCustomers {
		t.Errorf("silent: %+v", s.Silent)
	}
	if empty := load(t, &kept{}); empty.Silent == nil || len(empty.Silent) != 0 || empty.SelfCheck.Opened != nil {
		t.Errorf("of an empty ledger: %+v %+v", empty.Silent, empty.SelfCheck)
	}
}

// TestNoFieldCanHoldASecret walks the types: nothing of the page is a Secret,
// an interface or a byte slice, through which one could slip in.
func TestNoFieldCanHoldASecret(t *testing.T) {
	t.Parallel()
	var walk func(path string, typ reflect.Type)
	walk = func(path string, typ reflect.Type) {
		switch {
		case typ == reflect.TypeFor[sam.Secret](), typ.Kind() == reflect.Interface, typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Uint8:
			t.Errorf("%s is a %s", path, typ)
		case typ == reflect.TypeFor[time.Time]():
		case typ.Kind() == reflect.Pointer, typ.Kind() == reflect.Slice, typ.Kind() == reflect.Map:
			walk(path, typ.Elem())
		case typ.Kind() == reflect.Struct:
			for field := range typ.Fields() {
				walk(path+"."+field.Name, field.Type)
			}
		}
	}
	walk("Status", reflect.TypeFor[statuspage.Status]())
}
