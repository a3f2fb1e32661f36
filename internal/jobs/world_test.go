package jobs_test

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/arm"
	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/fleet"
	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/jobs/access"
	"github.com/samkeeper/samkeeper/internal/jobs/alerts"
	"github.com/samkeeper/samkeeper/internal/jobs/directory"
	"github.com/samkeeper/samkeeper/internal/jobs/health"
	"github.com/samkeeper/samkeeper/internal/jobs/subscriptions"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/token"
	"github.com/samkeeper/samkeeper/internal/vault"
	"github.com/samkeeper/samkeeper/sim/faults"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// held is a vault with one refresh token for each connection.
type held map[sam.ConnectionID]string

func (h held) Current(_ context.Context, c sam.ConnectionID) (vault.Version, error) {
	return vault.Version{Connection: c, ID: "00000000000000000000000000000001", Token: sam.NewSecret(h[c]), Enabled: true}, nil
}

// sweep is the real rooms and clients against the simulated cloud.
type sweep struct {
	*bench
	cloud *simtest.Sim
	vault held
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newSweep(t *testing.T, options simtest.Options, classic bool, amr ...string) *sweep {
	t.Helper()
	s := simtest.Start(t, options)
	public, _ := cloud.Lookup("public")
	now := s.World.Now
	client := s.HTTPClient()
	pc := must[*partnercenter.Client](t)(partnercenter.New(partnercenter.Config{
		BaseURL: s.PartnerCenterURL, Scope: public.PartnerCenterScope(), HTTP: client, Now: now,
	}))
	gr := must[*graph.Client](t)(graph.New(graph.Config{BaseURL: s.GraphURL, Scope: public.GraphScope(), HTTP: client, Now: now}))
	az := must[*arm.Client](t)(arm.New(arm.Config{Cloud: public, BaseURL: s.ARMURL, HTTP: client, Now: now}))
	vault := held{conn: s.MintRefreshToken(t, simtest.Mint{AMR: amr})}
	source := token.New(token.Config{
		Redeemer: entra.New(entra.Config{
			Cloud: public, LoginURL: s.LoginURL, App: world.AppID, HTTP: client, Now: now,
			Credential: entra.SecretCredential(func(context.Context) (sam.Secret, error) {
				return sam.NewSecret(s.World.AppSecret()), nil
			}),
		}),
		Vault: vault, Now: now,
	})
	t.Cleanup(source.Close)
	registry := must[*jobs.Registry](t)(jobs.NewRegistry(
		subscriptions.Task{Azure: az, Books: pc}, health.Task{Azure: az, Books: pc},
		alerts.Task{Azure: az, Books: pc, Classic: classic}, directory.Task{Graph: gr},
		access.New(access.Config{Books: gr, Azure: az, Sold: pc, GraphScope: public.GraphScope(), Delegated: []string{"Organization.Read.All"}, Tasks: allTasks}),
	))
	b := &bench{
		ledger: ledgertest.NewMemory(now), queue: &queues{now: now},
		gate: &gate{}, locks: &locks{}, results: &results{},
	}
	b.Jobs = must[*jobs.Jobs](t)(jobs.New(jobs.Deps{
		Ledger: b.ledger, Results: b.results, Queue: b.queue, Leases: b.locks, Gate: b.gate, Tokens: source,
		HomeScope: public.PartnerCenterScope(),
		Fleet:     &fleet.Fleet{Partner: pc, Relationships: gr, Now: now}, Tasks: registry, Now: now,
	}))
	err := b.ledger.PutConnection(t.Context(), ledger.Connection{
		ID: conn, Kind: sam.PartnerConnection, ConsentedAt: now(), RotatedAt: now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &sweep{b, s, vault}
}

// finish delivers with several workers, waits for delayed messages by moving
// the world's clock, and supervises until the run is closed.
func (s *sweep) finish(t *testing.T, run ledger.Run) ledger.Run {
	t.Helper()
	for range 50 {
		var workers sync.WaitGroup
		for range 8 {
			workers.Go(func() { s.deliver(t) })
		}
		workers.Wait()
		if due := s.queue.nextDue(jobs.QueueCustomerJobs); !due.IsZero() {
			if wait := due.Sub(s.cloud.World.Now()); wait > 0 {
				s.cloud.World.Advance(wait)
			}
			continue
		}
		s.supervise(t)
		if got := s.stored(t, run); got.State == ledger.RunClosed {
			return got
		}
	}
	for o := range s.ledger.Outcomes(t.Context(), run.ID) {
		if !o.State.Final() || o.State == sam.Failed {
			t.Logf("%+v", o)
		}
	}
	t.Fatalf("the run never closes: %+v", s.stored(t, run))
	return ledger.Run{}
}

type verdict struct{ Customer, Task, State, Reason string }

func (s *sweep) verdicts(t *testing.T, run ledger.Run) []verdict {
	t.Helper()
	var all []verdict
	for o, err := range s.ledger.Outcomes(t.Context(), run.ID) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, verdict{string(o.Customer), o.Task, string(o.State), string(o.Reason)})
	}
	return sorted(all)
}

func sorted(all []verdict) []verdict {
	slices.SortFunc(all, func(a, b verdict) int {
		return cmp.Or(cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.Task, b.Task))
	})
	return all
}

// check compares everything with the world's own answer book.
func (s *sweep) check(t *testing.T, run ledger.Run, tasks []string, classic bool) {
	t.Helper()
	want := s.cloud.World.Expected(tasks, classic)
	var verdicts []verdict
	for _, o := range want.Outcomes {
		verdicts = append(verdicts, verdict{o.Customer, o.Task, o.State, o.Reason})
	}
	if diff := gocmp.Diff(sorted(verdicts), s.verdicts(t, run)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	var wantFindings, gotFindings []string
	for _, f := range want.Findings {
		wantFindings = append(wantFindings, f.Customer+" "+f.Task+" "+f.Kind+" "+f.Key)
	}
	open, err := s.ledger.OpenFindings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range open {
		gotFindings = append(gotFindings, string(f.Customer)+" "+f.Task+" "+f.Kind+" "+f.Key)
	}
	slices.Sort(wantFindings)
	slices.Sort(gotFindings)
	if diff := gocmp.Diff(wantFindings, gotFindings); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if run.Sums.Done != want.Done || run.Expected != want.Tasks || run.Sums.Failed != 0 {
		t.Errorf("run: done %d of %d expected, %d failed; want %d of %d", run.Sums.Done, run.Expected, run.Sums.Failed, want.Done, want.Tasks)
	}
}

var allTasks = []string{"subscriptions", "health", "alerts", "directory", "access"}

func TestSweepFindsWhatTheWorldExpects(t *testing.T) {
	t.Parallel()
	s := newSweep(t, simtest.Options{Customers: 50, Seed: 7}, true)
	run := s.openRun(t)
	run = s.finish(t, run)
	s.check(t, run, allTasks, true)
	if n := s.queue.len(jobs.QueueFindings); n == 0 {
		t.Error("no event was announced")
	}
	if left, err := s.ledger.Unannounced(t.Context(), 0); err != nil || len(left) != 0 {
		t.Errorf("%d events not announced, %v", len(left), err)
	}
	for _, v := range s.verdicts(t, run) {
		if _, stored := s.results.docs[v.Customer+"/"+v.Task]; stored != (v.State == "done") {
			t.Errorf("%s %s is %s, document stored: %v", v.Customer, v.Task, v.State, stored)
		}
	}
}

// The radar asks one thing more of each customer, and the partner's books once
// for all of them, however many are looked at side by side.
func TestWhatTheRadarCosts(t *testing.T) {
	t.Parallel()
	s := newSweep(t, simtest.Options{Customers: 40, Seed: 3, Shares: simtest.Healthy()}, false)
	s.finish(t, s.openRun(t))
	books := 0
	for _, n := range s.cloud.Recorder.Counts() {
		switch {
		case strings.HasSuffix(n.Route, "/accessAssignments") && n.Count != 40,
			strings.HasSuffix(n.Route, "/delegatedAdminRelationships") && n.Count > 4, // discovery's one among them
			strings.HasSuffix(n.Route, "/transitiveMemberOf") && n.Count > 3:
			t.Errorf("%d times %s", n.Count, n.Route)
		case n.Host == "graph" && strings.Contains(n.Route, "elegatedAdmin"), strings.HasSuffix(n.Route, "/transitiveMemberOf"):
			books++
		}
	}
	if books != 3 {
		t.Errorf("%d kinds of calls to the books", books)
	}
}

func TestSweepRidesOutFaults(t *testing.T) {
	t.Parallel()
	s := newSweep(t, simtest.Options{Customers: 20, Seed: 3}, false)
	s.cloud.Fault(t, faults.Fault{Host: "arm", Kind: faults.Status, Status: 429, RetryAfter: "20", Times: 15})
	s.cloud.Fault(t, faults.Fault{Host: "graph", Kind: faults.Status, Status: 503, Times: 9})
	s.cloud.Fault(t, faults.Fault{Host: "partnercenter", Kind: faults.Drop, Times: 1})
	s.cloud.Fault(t, faults.Fault{Host: "login", Kind: faults.Status, Status: 429, Format: faults.Text, RetryAfter: "date:30", Times: 3})
	var run ledger.Run
	for range 10 { // the timer tries again when discovery is refused
		var err error
		if run, err = s.OpenRun(t.Context()); err == nil {
			break
		}
		if sam.ClassOf(err) != sam.ClassRetry {
			t.Fatal(err)
		}
		s.cloud.World.Advance(time.Minute)
	}
	run = s.finish(t, run)
	s.check(t, run, allTasks, false)
}

func TestSecondSweepClosesWhatWasMended(t *testing.T) {
	t.Parallel()
	s := newSweep(t, simtest.Options{Customers: 12, Seed: 11}, false)
	s.finish(t, s.openRun(t))
	s.cloud.World.Advance(time.Hour)
	for _, c := range s.cloud.World.Customers() {
		s.cloud.World.Mutate(c.TenantID, func(c *world.Customer) {
			for i := range c.SKUs {
				c.SKUs[i].CapabilityStatus, c.SKUs[i].Consumed = "Enabled", 0
			}
			c.Consented = true
		})
	}
	run := s.finish(t, s.openRun(t))
	s.check(t, run, allTasks, false)
	var closed int
	for _, body := range s.queue.bodies(jobs.QueueFindings) {
		if e := decodeEvent(t, body); e.Type == ledger.EventClosed {
			closed++
		}
	}
	if closed == 0 {
		t.Error("no finding was closed")
	}
}

// A sign-in without a second factor is refused by Partner Center; the sweep
// does not begin, and the connection says why.
func TestSweepWithoutMFA(t *testing.T) {
	t.Parallel()
	s := newSweep(t, simtest.Options{Customers: 3, Seed: 1}, false, "pwd")
	_, err := s.OpenRun(t.Context())
	p := sam.AsProblem(err)
	if p == nil || p.Class != sam.ClassReconsent || p.Tenant != partner {
		t.Fatalf("got %v", err)
	}
	c, err := s.ledger.Connection(t.Context(), conn)
	if err != nil || c.Problem == nil || c.Problem.Class != sam.ClassReconsent || c.Problem.Fix == "" {
		t.Fatalf("connection %+v, %v", c.Problem, err)
	}
}

// When the consent is revoked in the middle of a sweep, the sweep stands still:
// nobody fails, one job in flight per worker notices, the connection says why.
func TestSweepAfterRevocation(t *testing.T) {
	t.Parallel()
	s := newSweep(t, simtest.Options{Customers: 30, Seed: 5, Shares: simtest.Healthy()}, false)
	s.openRun(t)
	s.cloud.World.RevokeGrants(world.IntegrationUserID)
	s.deliver(t)
	c, err := s.ledger.Connection(t.Context(), conn)
	if err != nil || c.Problem == nil || c.Problem.Class != sam.ClassReconsent {
		t.Fatalf("connection %+v, %v", c.Problem, err)
	}
	runs, err := s.ledger.Runs(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for o, err := range s.ledger.Outcomes(t.Context(), runs[0].ID) {
		if err != nil || o.State != sam.Retry {
			t.Errorf("outcome %+v, %v", o, err)
		}
	}
	if due := s.queue.nextDue(jobs.QueueCustomerJobs); due.Sub(s.cloud.World.Now()) < jobs.HoldFor/2 {
		t.Errorf("the next job comes in %v", due.Sub(s.cloud.World.Now()))
	}
}

// Every way in which a customer can be out of reach ends as its own reason, and
// a refusing Resource Graph changes no finding.
func TestSweepMeetsEveryAccessState(t *testing.T) {
	t.Parallel()
	s := newSweep(t, simtest.Options{Customers: 24, Seed: 21}, false)
	states := []func(*world.Customer){
		func(c *world.Customer) { c.Gone = true },
		func(c *world.Customer) { c.NoReseller, c.RBAC = true, false },
		func(c *world.Customer) { c.GraphRefuses = true },
		func(c *world.Customer) { c.ResourceGraphRefuses, c.RBAC = true, true },
		func(c *world.Customer) { c.Consented = false },
		func(c *world.Customer) { c.Blocked = true },
		func(c *world.Customer) { c.RBAC = false },
		func(c *world.Customer) { c.GDAP = false },
	}
	for i, c := range s.cloud.World.Customers() {
		s.cloud.World.Mutate(c.TenantID, func(c *world.Customer) {
			c.GDAP, c.Consented, c.Blocked = true, true, false
			states[i%len(states)](c)
		})
	}
	run := s.finish(t, s.openRun(t))
	s.check(t, run, allTasks, false)
	for _, reason := range []sam.Reason{
		sam.TenantGone, sam.NoReseller, sam.RoleInsufficient, sam.ConsentMissing, sam.BlockedByPolicy, sam.NoGDAP,
	} {
		if run.Sums.SkippedBy[reason] == 0 {
			t.Errorf("nobody is skipped for %s", reason)
		}
	}
	lists := 0
	for _, doc := range s.results.docs {
		if bytes.Contains(doc, []byte(`"source":"lists"`)) {
			lists++
		}
	}
	if lists == 0 {
		t.Error("no answer came from the lists")
	}
	customers, err := s.ledger.Customers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range customers {
		if c.Access != sam.NoReason && c.AccessDetail == "" {
			t.Errorf("customer %s: %s without a sentence", c.ID, c.Access)
		}
	}
}
