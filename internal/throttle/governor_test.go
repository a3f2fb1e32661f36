package throttle_test

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/throttle"
	"github.com/samkeeper/samkeeper/internal/throttle/throttletest"
)

const (
	partner  = sam.TenantID("11111111-1111-4111-8111-111111111111")
	customer = sam.TenantID("c0000000-0000-4000-8000-000000000001")
	conn     = sam.ConnectionID("11111111-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333333")
)

var (
	books = throttle.Limit{Kind: throttle.PartnerCenter}.Of(conn, partner)
	graph = throttle.Limit{Kind: throttle.Graph}.Of(conn, customer)
	fleet = throttle.Limit{Kind: throttle.ResourceGraph}.Of(conn, customer)
	oneOf = func(id string) throttle.Scope {
		return throttle.Scope{Kind: throttle.PartnerCustomer, Who: string(partner), Part: id}
	}
	answer = func(name, value string) throttle.Answer { return throttle.Answer{Header: http.Header{name: {value}}} }
)

// wantWait checks how long a call has to wait; more than a millisecond off is
// wrong.
func wantWait(t *testing.T, g *throttle.Governor, s throttle.Scope, now time.Time, want time.Duration) {
	t.Helper()
	have, err := g.Admit(t.Context(), s, now)
	if err != nil {
		t.Fatal(err)
	}
	if (have - want).Abs() > time.Millisecond {
		t.Errorf("%s at %v: wait %v, want %v", s, now.Sub(noon), have, want)
	}
}

func observe(t *testing.T, g *throttle.Governor, s throttle.Scope, a throttle.Answer, now time.Time) {
	t.Helper()
	if err := g.Observe(t.Context(), s, a, now); err != nil {
		t.Fatal(err)
	}
}

// tables runs a test over everything that instances may meet in.
func tables(t *testing.T, test func(t *testing.T, table throttle.Table)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { t.Parallel(); test(t, &throttletest.Table{}) })
	onBoth(t, func(t *testing.T, c *aztables.Client) { t.Helper(); test(t, c) })
}

func TestRefusalClosesForAll(t *testing.T) {
	tables(t, func(t *testing.T, table throttle.Table) {
		t.Helper()
		mine, others := throttle.NewGovernor(table), throttle.NewGovernor(table)
		wantWait(t, mine, graph, noon, 0)
		wantWait(t, others, graph, noon, 0)
		observe(t, mine, graph, throttle.Answer{Refused: true, RetryAfter: time.Minute}, noon)
		wantWait(t, mine, graph, noon, time.Minute)
		wantWait(t, others, graph, noon.Add(time.Second), 0) // has not heard yet
		wantWait(t, others, graph, noon.Add(3*time.Second), 57*time.Second)
		wantWait(t, throttle.NewGovernor(table), graph, noon, time.Minute)
		wantWait(t, others, fleet, noon.Add(3*time.Second), 0)
		wantWait(t, others, graph, noon.Add(time.Minute), 0)
	})
}

func TestClosingNeverShortens(t *testing.T) {
	tables(t, func(t *testing.T, table throttle.Table) {
		t.Helper()
		mine, others := throttle.NewGovernor(table), throttle.NewGovernor(table)
		observe(t, mine, graph, throttle.Answer{Refused: true, RetryAfter: time.Minute}, noon)
		observe(t, others, graph, throttle.Answer{Refused: true, RetryAfter: time.Second}, noon)
		for _, g := range []*throttle.Governor{mine, others, throttle.NewGovernor(table)} {
			wantWait(t, g, graph, noon.Add(3*time.Second), 57*time.Second)
		}
	})
}

// Without Retry-After each kind has a wait of its own.
func TestDefaultWaits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		scope throttle.Scope
		want  time.Duration
	}{
		{oneOf("c1"), time.Minute},
		{graph, 10 * time.Second},
		{throttle.Limit{Kind: throttle.ARM}.Of(conn, customer), 3 * time.Second},
		{fleet, 5 * time.Second},
		{throttle.Limit{Kind: throttle.Token}.Of(conn, customer), time.Minute},
	} {
		g := throttle.NewGovernor(&throttletest.Table{})
		observe(t, g, tt.scope, throttle.Answer{Refused: true}, noon)
		wantWait(t, g, tt.scope, noon, tt.want)
	}
}

// Those turned away from one door come back apart, however many they are.
func TestTurnedAwayComeBackApart(t *testing.T) {
	t.Parallel()
	g := throttle.NewGovernor(&throttletest.Table{})
	observe(t, g, graph, throttle.Answer{Refused: true, RetryAfter: time.Second}, noon)
	for i := range 100 {
		wantWait(t, g, graph, noon, time.Second+time.Duration(i)*50*time.Millisecond)
	}
	wantWait(t, g, graph, noon.Add(time.Second), 0)
}

// A refusal at one customer is that customer's; at two, it is the partner's.
func TestBlame(t *testing.T) {
	t.Parallel()
	refused := throttle.Answer{Refused: true, RetryAfter: 30 * time.Second}
	g := throttle.NewGovernor(&throttletest.Table{})
	observe(t, g, oneOf("c1"), refused, noon)
	wantWait(t, g, oneOf("c1"), noon, 30*time.Second)
	wantWait(t, g, oneOf("c2"), noon, 0)
	wantWait(t, g, books, noon, 0)
	observe(t, g, oneOf("c1"), refused, noon.Add(time.Second))
	wantWait(t, g, books, noon.Add(time.Second), 0)
	observe(t, g, oneOf("c2"), refused, noon.Add(2*time.Second))
	wantWait(t, g, books, noon.Add(2*time.Second), 30*time.Second)
	later := throttle.NewGovernor(&throttletest.Table{})
	observe(t, later, oneOf("c1"), refused, noon)
	observe(t, later, oneOf("c2"), refused, noon.Add(time.Minute))
	wantWait(t, later, books, noon.Add(time.Minute), 0)
}

// What warns closes before the refusal; short closings stay with the instance.
func TestWarnings(t *testing.T) {
	t.Parallel()
	shared := &throttletest.Table{}
	g := throttle.NewGovernor(shared)
	quota := answer("X-Ms-User-Quota-Remaining", "0")
	quota.Header.Set("x-ms-user-quota-resets-after", "00:00:02")
	observe(t, g, fleet, quota, noon)
	wantWait(t, g, fleet, noon, 2*time.Second)
	wantWait(t, g, fleet, noon.Add(2*time.Second), 0)
	if n := shared.Calls()["add"]; n != 0 {
		t.Errorf("%d rows were written for two seconds", n)
	}
	observe(t, g, graph, answer("X-Ms-Throttle-Limit-Percentage", "0.9"), noon)
	wantWait(t, g, graph, noon, 5*time.Second)
	wantWait(t, throttle.NewGovernor(shared), graph, noon, 5*time.Second)
}

// Many instances, each asking as fast as it can for ten minutes: what is let
// through stays below the published limit in every minute, and is most of it.
func TestPacingStaysBelowTheLimit(t *testing.T) {
	t.Parallel()
	shared := &throttletest.Table{}
	var instances []*throttle.Governor
	for range 5 {
		instances = append(instances, throttle.NewGovernor(shared))
	}
	var made []time.Time
	for at := noon; at.Before(noon.Add(10 * time.Minute)); at = at.Add(50 * time.Millisecond) {
		for _, g := range instances {
			wait, err := g.Admit(t.Context(), books, at)
			if err != nil {
				t.Fatal(err)
			}
			if wait == 0 {
				made = append(made, at)
			}
		}
	}
	if n := len(made); n < 4400 || n > 4600 {
		t.Errorf("%d calls in ten minutes, want about 4,500", n)
	}
	if most := busiest(made, time.Minute); most > 500 {
		t.Errorf("%d calls in one minute", most)
	}
	if ops := shared.Total(); ops > 10*60/3*5+2*4500/24 { // news every three seconds; read and write a lease
		t.Errorf("%d operations on the table: %v", ops, shared.Calls())
	}
}

// A partner that was granted another rate is paced at nine tenths of that.
func TestAnotherLimit(t *testing.T) {
	t.Parallel()
	g := throttle.NewGovernor(&throttletest.Table{})
	g.Allow(throttle.PartnerCenter, 6000)
	made := 0
	for at := noon; at.Before(noon.Add(time.Minute)); at = at.Add(5 * time.Millisecond) {
		wait, err := g.Admit(t.Context(), books, at)
		if err != nil {
			t.Fatal(err)
		}
		if wait == 0 {
			made++
		}
	}
	if made < 5400 || made > 6000 {
		t.Errorf("%d calls in a minute, want about 5,400", made)
	}
}

// busiest is the most calls in any window.
func busiest(made []time.Time, window time.Duration) int {
	most, from := 0, 0
	for to := range made {
		for made[to].Sub(made[from]) >= window {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}

// Hundreds of jobs come at once: each is refused at most once and finds its
// place good when it comes back, spread over the time that the limit asks for.
func TestEveryoneComesBackOnce(t *testing.T) {
	t.Parallel()
	lighthouse := throttle.Limit{Kind: throttle.ResourceGraph}.Of(conn, partner)
	for _, tt := range []struct {
		scope             throttle.Scope
		jobs, limit       int
		window            time.Duration
		earliest, longest time.Duration // of the last
	}{
		{books, 1000, 500, time.Minute, 2 * time.Minute, 150 * time.Second},
		{lighthouse, 300, 15, 5 * time.Second, 140 * time.Second, 175 * time.Second},
	} {
		t.Run(tt.scope.Kind.String(), func(t *testing.T) {
			t.Parallel()
			made, last := everyoneAtOnce(t, tt.scope, tt.jobs)
			if most := busiest(made, tt.window); most > tt.limit {
				t.Errorf("%d calls in %v, the limit is %d", most, tt.window, tt.limit)
			}
			if last < tt.earliest || last > tt.longest {
				t.Errorf("the last comes back after %v", last)
			}
		})
	}
}

// everyoneAtOnce lets jobs of one call each come at noon, and again when they
// were told to. It returns when the calls were made, and after how long the last.
func everyoneAtOnce(t *testing.T, scope throttle.Scope, jobs int) (made []time.Time, last time.Duration) {
	t.Helper()
	g := throttle.NewGovernor(&throttletest.Table{})
	for range jobs {
		p := throttle.NewPouch(nil)
		wait, err := g.Admit(p.In(t.Context()), scope, noon)
		if err != nil {
			t.Fatal(err)
		}
		if wait == 0 {
			made = append(made, noon)
			continue
		}
		places, due := p.Placed()
		if len(places) != 1 || wait != max(due.Sub(noon), time.Second) {
			t.Fatalf("places %+v, due %v, wait %v", places, due, wait)
		}
		at := noon.Add(wait).Truncate(time.Second) // the queue knows whole seconds
		again, err := g.Admit(throttle.NewPouch(places).In(t.Context()), scope, at)
		if err != nil || again != 0 {
			t.Fatalf("back at %v: wait %v, %v", at, again, err)
		}
		made, last = append(made, at), at.Sub(noon)
	}
	return made, last
}

// A message that is delivered again before its time does not lose its place,
// and takes no other: however often it comes, it has its turn when it is due.
func TestWhoComesEarlyKeepsThePlace(t *testing.T) {
	t.Parallel()
	g := throttle.NewGovernor(&throttletest.Table{})
	var places []throttle.Ticket
	var due time.Time
	for range 200 { // the last of them has to wait for long
		p := throttle.NewPouch(nil)
		if _, err := g.Admit(p.In(t.Context()), books, noon); err != nil {
			t.Fatal(err)
		}
		places, due = p.Placed()
	}
	for at := noon; at.Before(due.Add(-5 * time.Second)); at = at.Add(time.Second) {
		p := throttle.NewPouch(places)
		for range 3 { // as many tasks of the job ask
			wait, err := g.Admit(p.In(t.Context()), books, at)
			if err != nil {
				t.Fatal(err)
			}
			if wait == 0 {
				return // somebody else's place was free, which is as good
			}
			if !at.Add(wait).Equal(due) {
				t.Fatalf("%v after noon: put off to %v, the place was at %v", at.Sub(noon), at.Add(wait).Sub(noon), due.Sub(noon))
			}
		}
		if again, last := p.Placed(); !last.Equal(due) || len(again) != 1 || again[0].Calls != places[0].Calls {
			t.Fatalf("%v after noon: %+v, want the place it had", at.Sub(noon), again)
		}
		places, _ = p.Placed()
	}
	if wait, err := g.Admit(throttle.NewPouch(places).In(t.Context()), books, due); err != nil || wait != 0 {
		t.Errorf("when it is due: wait %v, %v", wait, err)
	}
}

// A refusal halves the rate, once however many come; it grows back.
func TestRateAfterRefusals(t *testing.T) {
	t.Parallel()
	g := throttle.NewGovernor(&throttletest.Table{})
	for range 20 {
		observe(t, g, books, throttle.Answer{Refused: true, RetryAfter: time.Second}, noon)
	}
	inMinute := func(n int) int {
		got, from := 0, noon.Add(time.Duration(n)*time.Minute)
		for at := from; at.Before(from.Add(time.Minute)); at = at.Add(20 * time.Millisecond) {
			if wait, err := g.Admit(t.Context(), books, at); err != nil {
				t.Fatal(err)
			} else if wait == 0 {
				got++
			}
		}
		return got
	}
	for _, tt := range []struct{ minute, least, most int }{{0, 225, 275}, {2, 310, 380}, {9, 440, 490}} {
		if got := inMinute(tt.minute); got < tt.least || got > tt.most {
			t.Errorf("minute %d: %d calls, want %d to %d", tt.minute, got, tt.least, tt.most)
		}
	}
}

// While a paced scope is closed, jobs get places behind the closing, apart.
func TestPlacesBehindAClosing(t *testing.T) {
	t.Parallel()
	g := throttle.NewGovernor(&throttletest.Table{})
	wantWait(t, g, books, noon, 0)
	observe(t, g, books, throttle.Answer{Refused: true, RetryAfter: time.Minute}, noon)
	wantWait(t, g, books, noon, time.Minute) // nobody to give a place to
	var before time.Time
	for i := range 50 {
		p := throttle.NewPouch(nil)
		if _, err := g.Admit(p.In(t.Context()), books, noon); err != nil {
			t.Fatal(err)
		}
		_, due := p.Placed()
		if due.Before(noon.Add(time.Minute)) || !due.After(before) {
			t.Fatalf("place %d is at %v, the one before at %v", i, due.Sub(noon), before.Sub(noon))
		}
		before = due
	}
}

// A task that needs many calls in a scope that others use up gets them all,
// after a few refusals: its places grow.
func TestTaskOfManyCallsProgresses(t *testing.T) {
	t.Parallel()
	const calls = 40
	g := throttle.NewGovernor(&throttletest.Table{})
	at, refused := noon, 0
	p := throttle.NewPouch(nil)
	for done := 0; done < calls; {
		for range 100 { // the others take whatever there is
			if _, err := g.Admit(t.Context(), books, at); err != nil {
				t.Fatal(err)
			}
		}
		p.Begin()
		for done = 0; done < calls; done++ {
			wait, err := g.Admit(p.In(t.Context()), books, at)
			if err != nil {
				t.Fatal(err)
			}
			if wait > 0 {
				break
			}
		}
		if done == calls {
			break
		}
		if refused++; refused > 8 {
			t.Fatalf("refused %d times, %d calls made the last time", refused, done)
		}
		places, due := p.Placed()
		p, at = throttle.NewPouch(places), due
	}
	if refused < 2 {
		t.Errorf("refused %d times: the others left too much", refused)
	}
}

// Only who needs more than a window waits in place.
func TestPause(t *testing.T) {
	t.Parallel()
	g := throttle.NewGovernor(&throttletest.Table{})
	p := throttle.NewPouch(nil)
	ctx := p.In(t.Context())
	use := func(n int) {
		for range n {
			if _, err := g.Admit(ctx, fleet, noon); err != nil {
				t.Fatal(err)
			}
		}
	}
	use(7)
	if throttle.Pause(ctx, fleet, time.Millisecond) {
		t.Error("waited although a fresh window is enough")
	}
	use(1)
	if !throttle.Pause(ctx, fleet, time.Millisecond) {
		t.Error("did not wait although the task needs more than a window")
	}
	if throttle.Pause(ctx, fleet, 7*time.Second) {
		t.Error("waited for seven seconds")
	}
	p.Begin()
	if throttle.Pause(ctx, fleet, time.Millisecond) || throttle.Pause(t.Context(), fleet, time.Millisecond) {
		t.Error("waited for calls of another attempt")
	}
}

// While the table cannot be reached calls are made, and it is not asked at
// each of them.
func TestTableOutOfReach(t *testing.T) {
	t.Parallel()
	lost := errors.New("lost")
	shared := &throttletest.Table{Fail: func(string) error { return lost }}
	g := throttle.NewGovernor(shared)
	if wait, err := g.Admit(t.Context(), graph, noon); wait != 0 || !errors.Is(err, lost) {
		t.Errorf("wait %v, error %v", wait, err)
	}
	wantWait(t, g, graph, noon.Add(time.Second), 0)
	if n := shared.Total(); n != 1 {
		t.Errorf("%d operations", n)
	}
	if wait, err := g.Admit(t.Context(), books, noon.Add(time.Second)); wait != 0 || !errors.Is(err, lost) {
		t.Errorf("wait %v, error %v", wait, err)
	}
	if err := g.Observe(t.Context(), graph, throttle.Answer{Refused: true}, noon); !errors.Is(err, lost) {
		t.Errorf("error %v", err)
	}
	wantWait(t, g, graph, noon.Add(time.Second), 9*time.Second) // it knows, if nobody else does
}

// Instances that lease at the same moment never get the same place.
func TestManyLeaseAtOnce(t *testing.T) {
	tables(t, func(t *testing.T, table throttle.Table) {
		t.Helper()
		var through atomic.Int64
		var all sync.WaitGroup
		for range 6 {
			g := throttle.NewGovernor(table)
			all.Go(func() {
				for range 30 {
					wait, err := g.Admit(t.Context(), books, noon)
					if err != nil {
						t.Error(err)
					}
					if wait == 0 {
						through.Add(1)
					}
				}
			})
		}
		all.Wait()
		if n := through.Load(); n < 20 || n > 38 {
			t.Errorf("%d calls at once, want 38 at most", n)
		}
	})
}

// Doors that opened long ago are deleted.
func TestOldDoorsGo(t *testing.T) {
	t.Parallel()
	shared := &throttletest.Table{}
	g := throttle.NewGovernor(shared)
	for i := range 60 {
		observe(t, g, graph, throttle.Answer{Refused: true, RetryAfter: time.Minute}, noon.Add(time.Duration(i)*time.Hour))
	}
	if n := shared.Rows("doors"); n > 3 {
		t.Errorf("%d rows are left", n)
	}
}
