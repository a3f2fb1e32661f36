package jobs_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/internal/arm"
	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/fleet"
	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/jobs/alerts"
	"github.com/samkeeper/samkeeper/internal/jobs/directory"
	"github.com/samkeeper/samkeeper/internal/jobs/health"
	"github.com/samkeeper/samkeeper/internal/jobs/subscriptions"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/throttle"
	"github.com/samkeeper/samkeeper/internal/throttle/throttletest"
	"github.com/samkeeper/samkeeper/internal/token"
	"github.com/samkeeper/samkeeper/sim/faults"
	simgraph "github.com/samkeeper/samkeeper/sim/graph"
	"github.com/samkeeper/samkeeper/sim/limits"
	simpc "github.com/samkeeper/samkeeper/sim/partnercenter"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// instance is one process: its own tokens, its own governor.
type instance struct {
	*jobs.Jobs
	tokens *token.Source
}

// paced is a sweep by several instances on the virtual clock of its test: what
// takes time in it is upstream's latency and whatever waits, never the CPU.
type paced struct {
	cloud     *simtest.Fleet
	table     *throttletest.Table // of the governors
	queue     *queues
	ledger    *ledgertest.Memory
	instances []instance
	home      string // scope of Partner Center

	messages, invocations atomic.Int64
	inside, upstream      atomic.Int64 // nanoseconds of invocations, and of those in upstream calls
}

// upstreamTime is where an invocation adds up its upstream calls.
type upstreamTime struct{}

// RoundTrip measures the calls of invocations.
func (s *paced) RoundTrip(req *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := s.cloud.RoundTrip(req)
	if sum, ok := req.Context().Value(upstreamTime{}).(*atomic.Int64); ok {
		sum.Add(int64(time.Since(began)))
	}
	return resp, err
}

// pacedOptions say what to sweep.
type pacedOptions struct {
	customers, instances int
	governed             bool
	tasks                func(*partnercenter.Client, *arm.Client, *graph.Client) []jobs.Task
	limits               func(limits.Services) // after the published ones are on
}

func newPaced(t *testing.T, o pacedOptions) *paced {
	t.Helper()
	w := world.New(world.Config{Seed: 1, Customers: o.customers, Terse: true})
	s := &paced{
		cloud: simtest.NewFleet(t, w), table: &throttletest.Table{}, queue: &queues{now: time.Now}, ledger: ledgertest.NewMemory(time.Now),
	}
	s.cloud.Limits.Publish(true)
	if o.limits != nil {
		o.limits(s.cloud.Limits)
	}
	if _, err := s.cloud.Faults.Set(faults.Fault{Kind: faults.Latency, Latency: "150ms"}); err != nil {
		t.Fatal(err)
	}
	grant := held{conn: w.OpenGrant(world.Grant{
		ID: uuid.NewString(), Tenant: world.PartnerTenantID, User: world.IntegrationUserID, App: world.AppID,
		AMR: []string{"pwd", "mfa"}, AuthTime: time.Now(),
	})}
	for range o.instances {
		s.instances = append(s.instances, s.newInstance(t, o, grant))
	}
	err := s.ledger.PutConnection(t.Context(), ledger.Connection{ID: conn, Kind: sam.PartnerConnection, ConsentedAt: time.Now(), RotatedAt: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *paced) newInstance(t *testing.T, o pacedOptions, grant held) instance {
	t.Helper()
	public, _ := cloud.Lookup("public")
	client := &http.Client{Transport: s}
	s.home = public.PartnerCenterScope()
	pc := must[*partnercenter.Client](t)(partnercenter.New(partnercenter.Config{BaseURL: public.PartnerCenter, Scope: public.PartnerCenterScope(), HTTP: client}))
	gr := must[*graph.Client](t)(graph.New(graph.Config{BaseURL: public.Graph, Scope: public.GraphScope(), HTTP: client}))
	az := must[*arm.Client](t)(arm.New(arm.Config{Cloud: public, HTTP: client}))
	var governor *throttle.Governor
	sources := token.Config{Vault: grant, Redeemer: entra.New(entra.Config{
		Cloud: public, App: world.AppID, HTTP: client,
		Credential: entra.SecretCredential(func(context.Context) (sam.Secret, error) { return sam.NewSecret(s.cloud.World.AppSecret()), nil }),
	})}
	deps := jobs.Deps{
		Ledger: s.ledger, Results: &results{}, Queue: s, Leases: &locks{}, Gate: &gate{},
		HomeScope: s.home, Fleet: &fleet.Fleet{Partner: pc, Relationships: gr},
	}
	if o.governed {
		governor = throttle.NewGovernor(s.table)
		sources.Limits, deps.Limits = governor, governor
	}
	source := token.New(sources)
	deps.Tokens, deps.Tasks = source, must[*jobs.Registry](t)(jobs.NewRegistry(o.tasks(pc, az, gr)...))
	return instance{must[*jobs.Jobs](t)(jobs.New(deps)), source}
}

// Send counts the messages of a run.
func (s *paced) Send(ctx context.Context, queue string, body []byte, delay time.Duration) error {
	if queue == jobs.QueueCustomerJobs {
		s.messages.Add(1)
		delay = (delay + time.Second - 1).Truncate(time.Second) // whole seconds, as package storage sends
	}
	return s.queue.Send(ctx, queue, body, delay)
}

// work is one of an instance's workers: it looks for messages once a second
// until the run is over.
func (s *paced) work(ctx context.Context, t *testing.T, on instance) {
	t.Helper()
	for ctx.Err() == nil {
		m := s.queue.take(jobs.QueueCustomerJobs)
		if m == nil {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
			continue
		}
		s.invoke(ctx, t, on, m.body)
	}
}

// invoke is one billed invocation.
func (s *paced) invoke(ctx context.Context, t *testing.T, on instance, body []byte) {
	t.Helper()
	var upstream atomic.Int64
	began := time.Now()
	if err := on.RunJob(context.WithValue(ctx, upstreamTime{}, &upstream), body); err != nil {
		t.Errorf("a job failed: %v", err)
	}
	s.invocations.Add(1)
	s.inside.Add(int64(time.Since(began)))
	s.upstream.Add(upstream.Load())
}

// sweep runs everything and returns the closed run with how long it took.
func (s *paced) sweep(t *testing.T, within time.Duration) (ledger.Run, time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	run, err := s.instances[0].OpenRun(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, on := range s.instances { // as after the first job of an instance
		if _, err := on.tokens.Credential(conn, partner).GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{s.home}}); err != nil {
			t.Fatal(err)
		}
	}
	var workers sync.WaitGroup
	for _, on := range s.instances {
		for range 24 { // as host.json says
			workers.Go(func() { s.work(ctx, t, on) })
		}
	}
	for run.State != ledger.RunClosed && time.Since(began) < within {
		time.Sleep(time.Second) // on the virtual clock
		if s.queue.len(jobs.QueueCustomerJobs) > 0 {
			continue
		}
		if _, err := s.instances[0].Supervise(ctx); err != nil {
			t.Error(err)
		}
		if run, err = s.ledger.Run(ctx, run.ID); err != nil {
			t.Error(err)
		}
	}
	took := time.Since(began)
	cancel()
	workers.Wait()
	for _, on := range s.instances {
		on.tokens.Close()
	}
	if run.State != ledger.RunClosed {
		t.Fatalf("the run is %s after %v: %+v", run.State, took, run.Sums)
	}
	return run, took
}

// share is the last of the shares: of all hosts.
func (s *paced) share() limits.Share {
	all := s.cloud.Limits.Shares(s.cloud.Recorder.Counts())
	return all[len(all)-1]
}

// asleep is the part of the invocations' time that was neither upstream's nor
// the CPU's, which takes none here.
func (s *paced) asleep() float64 {
	return float64(s.inside.Load()-s.upstream.Load()) / float64(s.inside.Load())
}

// bookkeeping is a task that asks Partner Center so often for each customer.
func bookkeeping(pc *partnercenter.Client, calls int) jobs.Task {
	return scripted{"books", func(ctx context.Context, v jobs.Visit) (jobs.Result, error) {
		for range calls {
			if _, err := pc.Subscriptions(ctx, v.Partner, v.Customer.ID); err != nil {
				return jobs.Result{}, err
			}
		}
		return jobs.Result{}, nil
	}}
}

var pacedCustomers = flag.Int("paced.customers", 600, "how many customers the sweep below the published limits has")

// Three instances, the published limits, 150 ms for each answer: more than
// Partner Center allows in a minute is asked of it in seconds. From a thousand
// customers on all tasks are done.
func TestSweepStaysBelowThePublishedLimits(t *testing.T) {
	t.Parallel()
	n := *pacedCustomers
	for _, governed := range []bool{true, false} {
		t.Run(fmt.Sprintf("governed %t", governed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newPaced(t, pacedOptions{
					customers: n, instances: 3, governed: governed,
					tasks: func(pc *partnercenter.Client, az *arm.Client, gr *graph.Client) []jobs.Task {
						if n < 1000 {
							return []jobs.Task{bookkeeping(pc, 1)}
						}
						return []jobs.Task{
							subscriptions.Task{Azure: az, Books: pc}, health.Task{Azure: az, Books: pc},
							alerts.Task{Azure: az, Books: pc}, directory.Task{Graph: gr}, bookkeeping(pc, 1),
						}
					},
				})
				run, took := s.sweep(t, 4*time.Hour)
				share, each, rows := s.share(), float64(s.messages.Load())/float64(n), float64(s.table.Total())/float64(n)
				t.Logf("%d customers in %v on the virtual clock: %d answers, %d refused (%.2f %%); for each customer %.2f messages and %.2f operations of the governors; %d invocations, %.3f %% of their time asleep; sums %+v",
					n, took, share.Answers, share.Refused, 100*share.Fraction, each, rows, s.invocations.Load(), 100*s.asleep(), run.Sums)
				if !governed {
					if share.Fraction < 0.02 {
						t.Errorf("without a governor %.2f %% are refused: the sweep asks too little to show anything", 100*share.Fraction)
					}
					return
				}
				if share.Fraction > 0.01 || run.Sums.Failed > 0 || run.Sums.Final() != run.Expected {
					t.Errorf("%.2f %% refused, sums %+v of %d", 100*share.Fraction, run.Sums, run.Expected)
				}
				if s.asleep() > 0.001 {
					t.Errorf("%.3f %% of the time in invocations is spent asleep", 100*s.asleep())
				}
				if each > 2.2 || rows > 0.5 || took > time.Duration(n)*150*time.Millisecond {
					t.Errorf("%.2f messages and %.2f operations of the governors per customer, %v: %v", each, rows, took, s.table.Calls())
				}
			})
		})
	}
}

// A customer whose list has more pages than Resource Graph allows in a window:
// the job waits in place between them, a few seconds, instead of starting from
// the first page for ever.
func TestTaskThatNeedsMoreThanAWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const queries = 40
		s := newPaced(t, pacedOptions{
			customers: 3, instances: 1, governed: true,
			tasks: func(_ *partnercenter.Client, az *arm.Client, _ *graph.Client) []jobs.Task {
				return []jobs.Task{scripted{"many", func(ctx context.Context, v jobs.Visit) (jobs.Result, error) {
					subs, err := az.Subscriptions(ctx, v.Credential)
					for range queries {
						if err != nil {
							return jobs.Result{}, err
						}
						_, err = az.FiredAlerts(ctx, v.Credential, []string{subs[0].ID})
					}
					return jobs.Result{}, err
				}}}
			},
		})
		run, took := s.sweep(t, time.Hour)
		if share := s.share(); share.Refused > 0 || run.Sums.Done != 3 {
			t.Errorf("%+v, sums %+v", share, run.Sums)
		}
		if n := s.messages.Load(); n != 3 || took > 30*time.Second {
			t.Errorf("%d messages, %v", n, took)
		}
	})
}

// When somebody else uses up the same partner's limit, refusals come whatever
// we do: they close the door for all instances, and nothing fails.
func TestSweepBesideAnotherCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newPaced(t, pacedOptions{
			customers: 120, instances: 3, governed: true,
			tasks: func(pc *partnercenter.Client, _ *arm.Client, _ *graph.Client) []jobs.Task {
				return []jobs.Task{bookkeeping(pc, 1)}
			},
			limits: func(l limits.Services) {
				l.PartnerCenter.Set(func(d *simpc.Dials) { d.CallsPerMinute = 30 })
			},
		})
		run, took := s.sweep(t, 4*time.Hour)
		share := s.share()
		t.Logf("%v, %d of %d answers refused, %d messages", took, share.Refused, share.Answers, s.messages.Load())
		if run.Sums.Failed > 0 || run.Sums.Final() != run.Expected {
			t.Errorf("sums %+v of %d", run.Sums, run.Expected)
		}
		if share.Fraction > 0.25 { // without sharing and halving it is most of them
			t.Errorf("%d of %d answers refused", share.Refused, share.Answers)
		}
	})
}

// Thousands of jobs read one tenant's Graph, the partner's own: nobody paces
// them, but the share of the limit that the answers tell does, and those turned
// away do not come back together.
func TestSweepOverOneTenantsGraph(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const customers = 300
		s := newPaced(t, pacedOptions{
			customers: customers, instances: 3, governed: true,
			tasks: func(_ *partnercenter.Client, _ *arm.Client, gr *graph.Client) []jobs.Task {
				return []jobs.Task{scripted{"three", func(ctx context.Context, v jobs.Visit) (jobs.Result, error) {
					for range 3 {
						if _, err := gr.Organization(ctx, v.Partner); err != nil {
							return jobs.Result{}, err
						}
					}
					return jobs.Result{}, nil
				}}}
			},
			limits: func(l limits.Services) { l.Graph.Set(func(d *simgraph.Dials) { d.Units = 400 }) },
		})
		run, took := s.sweep(t, time.Hour)
		share, each := s.share(), float64(s.messages.Load())/customers
		t.Logf("%v, %d of %d answers refused, %.2f messages per customer", took, share.Refused, share.Answers, each)
		if share.Fraction > 0.01 || run.Sums.Done != customers || each > 4 {
			t.Errorf("%+v, sums %+v, %.2f messages per customer", share, run.Sums, each)
		}
	})
}
