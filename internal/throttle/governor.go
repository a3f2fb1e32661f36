package throttle

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// CodeClosed is the code of a Problem that says: not now, nothing was tried.
const CodeClosed = "ThrottleClosed"

// Table is where the instances meet; *aztables.Client is one. It must exist.
type Table interface {
	GetEntity(ctx context.Context, partition, row string, o *aztables.GetEntityOptions) (aztables.GetEntityResponse, error)
	AddEntity(ctx context.Context, entity []byte, o *aztables.AddEntityOptions) (aztables.AddEntityResponse, error)
	UpdateEntity(ctx context.Context, entity []byte, o *aztables.UpdateEntityOptions) (aztables.UpdateEntityResponse, error)
	DeleteEntity(ctx context.Context, partition, row string, o *aztables.DeleteEntityOptions) (aztables.DeleteEntityResponse, error)
	NewListEntitiesPager(o *aztables.ListEntitiesOptions) *runtime.Pager[aztables.ListEntitiesResponse]
}

// Governor decides whether a call may be made. It is safe for concurrent use,
// by many processes at once.
type Governor struct {
	table Table
	rules [kinds]Rule

	mu      sync.Mutex
	doors   map[Scope]closing
	heard   time.Time // when the table was last asked about doors
	hearing bool
	tidied  time.Time // when old doors were last deleted
	lots    map[Scope]*lot
	blamed  map[Scope]refusal // by the whole: the last refusal of one part
}

// refusal is which part was refused, and when.
type refusal struct {
	part string
	at   time.Time
}

// NewGovernor keeps what is shared in the table.
func NewGovernor(table Table) *Governor {
	return &Governor{
		table: table, rules: rules, doors: map[Scope]closing{}, lots: map[Scope]*lot{}, blamed: map[Scope]refusal{},
	}
}

// Allow replaces what is published of a paced kind, for an account that was
// granted another rate: calls in the kind's window. It must be called before
// the governor is used, with the same number in every process.
func (g *Governor) Allow(k Kind, calls int) { g.rules[k].Limit = calls }

// Admit asks for one call in the scope. 0 means that it may be made now, and is
// counted. A longer wait means that it must not be made; a job whose Pouch is
// in the context finds a place there to come back with. With an error the wait
// is 0: what the others know could not be asked, and the worst that can come of
// the call is a refusal.
func (g *Governor) Admit(ctx context.Context, s Scope, now time.Time) (time.Duration, error) {
	herr := g.hear(ctx, now)
	p := pouchIn(ctx)
	closed, turned := g.closedUntil(s, now)
	if !rules[s.Kind].Paced {
		if !closed.IsZero() {
			return closed.Sub(now) + time.Duration(turned)*rules[s.Kind].Window/apart, nil
		}
		p.count(s)
		return 0, herr
	}
	if closed.IsZero() && p.spend(s, now) {
		p.count(s)
		return 0, herr
	}
	wait, err := g.pace(ctx, s, p, closed, now)
	if err != nil {
		return 0, fmt.Errorf("lease places in %s: %w", s, err)
	}
	if wait == 0 {
		p.count(s)
		return 0, herr
	}
	return wait, nil
}

// Observe learns from the answer to a call. An error means that the news could
// not be shared; this instance acts on it all the same.
func (g *Governor) Observe(ctx context.Context, s Scope, a Answer, now time.Time) error {
	if !a.Refused {
		pause := a.pause(s.Kind)
		if pause <= 0 {
			return nil
		}
		return g.close(ctx, s, now.Add(pause), now, pause > freshness)
	}
	wait := a.RetryAfter
	if wait <= 0 {
		wait = RuleOf(s.Kind).Wait
	}
	until := now.Add(wait)
	if err := g.shut(ctx, s, until, now); err != nil {
		return err
	}
	if whole, ok := s.whole(); ok && g.blame(whole, s.Part, now) {
		return g.shut(ctx, whole, until, now)
	}
	return nil
}

// shut closes a scope for everyone, and halves what is given out of a paced one.
func (g *Governor) shut(ctx context.Context, s Scope, until, now time.Time) error {
	if err := g.close(ctx, s, until, now, true); err != nil {
		return err
	}
	if !rules[s.Kind].Paced {
		return nil
	}
	rule := g.rules[s.Kind]
	return g.change(ctx, s, func(b budget) budget { return b.cut(rule, until, now) })
}

// blame decides whether the refusal of one part is about the whole: upstream
// does not tell, but what is counted by part is not refused to two parts within
// one window.
func (g *Governor) blame(whole Scope, part string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	last, known := g.blamed[whole]
	g.blamed[whole] = refusal{part, now}
	return known && last.part != part && now.Sub(last.at) < rules[whole.Kind].Window
}

// Refusal is the Problem of a call that was not made; its job comes back after
// the wait and uses up no try.
func Refusal(tenant sam.TenantID, wait time.Duration) *sam.Problem {
	return &sam.Problem{
		Op: "make a call", Tenant: tenant, Class: sam.ClassRetry, Code: CodeClosed, RetryAfter: wait,
		Plain: "The service allows no more requests at the moment.",
		Fix:   "Nothing to do: the work goes on by itself when its turn comes.",
	}
}
