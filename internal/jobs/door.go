package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/serving"
)

// codeHeld marks an outcome that waits for its connection: nothing was tried.
const codeHeld = "ConnectionHeld"

// probeWait is how long a job waits while another one of its process finds out
// whether the connection works again.
const probeWait = time.Minute

// cureSeenAfter is how old the reading of a connection may be that lets a job
// through a closed gate.
const cureSeenAfter = 3 * time.Second

// standsStill reports whether the connection's row says that every customer
// would be refused in the same way. Whoever closes a connection's gate writes
// the row first; so a row that says otherwise, read after the gate was seen
// closed, means that the connection was proved again, and opens the gate early.
func standsStill(c ledger.Connection) bool {
	return !c.BrokenAt.IsZero() || c.Problem != nil && stops(c.Problem.Class, c.Problem.Code, true)
}

// doors is what a process remembers of connections that stand still. The zero
// value is ready.
type doors struct {
	mu      sync.Mutex
	read    map[sam.ConnectionID]time.Time // the closing after which the row was read
	probing map[sam.ConnectionID]bool      // one job is finding out
}

// news reports whether the gate is closed until a time that this process has
// not looked behind yet, and takes note of it.
func (d *doors) news(id sam.ConnectionID, until time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.read[id].Equal(until) {
		return false
	}
	if d.read == nil {
		d.read = map[sam.ConnectionID]time.Time{}
	}
	d.read[id] = until
	return true
}

// enter lets one job at a time in to find out.
func (d *doors) enter(id sam.ConnectionID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.probing[id] {
		return false
	}
	if d.probing == nil {
		d.probing = map[sam.ConnectionID]bool{}
	}
	d.probing[id] = true
	return true
}

func (d *doors) leave(id sam.ConnectionID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.probing, id)
}

// atDoor sends everything back when the connection stands still, so that its
// sweep stops at once. Once its gate has opened, one job of each process at a
// time goes in to see whether the refusal was lifted.
func (b *job) atDoor(ctx context.Context) error {
	id := b.m.Connection
	until, err := b.closedUntil(ctx, id)
	if err != nil {
		return err
	}
	conn, known, err := b.behind(ctx, id, until)
	switch {
	case err != nil:
		return fmt.Errorf("job of customer %s: look at its connection: %w", b.m.Customer, err)
	case known && !standsStill(conn), !known && until.IsZero():
		return nil
	case !until.IsZero():
		b.holdAll(held(id, until.Sub(b.Now())))
		return nil
	case !b.doors.enter(id):
		b.holdAll(held(id, probeWait))
		return nil
	}
	// Whoever was in before may have closed the gate just now.
	if until, err = b.closedUntil(ctx, id); err != nil || !until.IsZero() {
		b.doors.leave(id)
		b.holdAll(held(id, until.Sub(b.Now())))
		return err
	}
	b.probes = id
	return nil
}

// closedUntil is when the connection's gate opens; zero when it is open.
func (b *job) closedUntil(ctx context.Context, id sam.ConnectionID) (time.Time, error) {
	now := b.Now()
	until, err := b.Gate.ClosedUntil(ctx, connectionScope(id), now)
	if err != nil {
		return time.Time{}, fmt.Errorf("job of customer %s: look at the connection's gate: %w", b.m.Customer, err)
	}
	if !until.After(now) {
		return time.Time{}, nil
	}
	return until, nil
}

// behind reads the row of a connection whose gate is closed until a time (zero
// for open): no older than the closing, nor much older than a cure.
func (b *job) behind(ctx context.Context, id sam.ConnectionID, until time.Time) (ledger.Connection, bool, error) {
	age := rosterLife
	if !until.IsZero() {
		age = cureSeenAfter
		if b.doors.news(id, until) {
			age = 0
		}
	}
	benches, err := b.benches(ctx, age)
	if err != nil {
		return ledger.Connection{}, false, err
	}
	c, known := rowOf(benches, id)
	return c, known, nil
}

func rowOf(benches []serving.Bench, id sam.ConnectionID) (ledger.Connection, bool) {
	bench, _ := serving.Of(benches, id)
	for _, c := range bench {
		if c.ID == id {
			return c, true
		}
	}
	return ledger.Connection{}, false
}

// outside ends what atDoor began. A job that went in to find out, and met
// nothing that stops its connection, asks for the proof.
func (b *job) outside(ctx context.Context, done bool) {
	if b.probes == "" {
		return
	}
	defer b.doors.leave(b.probes)
	if !done || slices.ContainsFunc(b.later, func(d deferral) bool { return d.verb == hold }) {
		return
	}
	if err := b.prove(ctx, b.probes); err != nil {
		b.Log.WarnContext(ctx, "a job worked, but its connection could not be proved", ofConnection(b.probes), failure(err))
	}
}

// prove takes the problem off a connection that works again: a token was just
// redeemed in its own tenant, not taken from a cache. Only what such a token
// disproves is taken off: what Partner Center refuses, Entra does not know of.
func (j *Jobs) prove(ctx context.Context, id sam.ConnectionID) error {
	if j.HomeScope == "" {
		return nil // nobody to ask
	}
	home := j.Tokens.Credential(id, id.Tenant())
	if _, err := home.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{j.HomeScope}, Claims: freshClaims}); err != nil {
		return err
	}
	cured, err := j.Ledger.ChangeConnection(ctx, id, func(c *ledger.Connection) bool {
		if !standsStill(*c) || c.Problem != nil && !disproved(c.Problem) {
			return false
		}
		c.Problem, c.BrokenAt, c.ProvedAt = nil, time.Time{}, j.Now()
		return true
	})
	if err != nil && !errors.Is(err, ledger.ErrAbsent) {
		return err
	}
	if cured {
		j.forgetRoster()
		j.Log.InfoContext(ctx, "connection works again", ofConnection(id))
	}
	return nil
}

// disproved reports whether a fresh token shows that the problem is over.
func disproved(p *ledger.ConnectionProblem) bool {
	return p.Class == sam.ClassCredential || strings.HasPrefix(p.Code, "AADSTS")
}

// held is the decision for what waits for its connection.
func held(id sam.ConnectionID, delay time.Duration) decision {
	return decision{
		verb: wait, state: sam.Retry, class: sam.ClassRetry, delay: delay,
		problem: &sam.Problem{
			Op: "use the connection", Tenant: id.Tenant(), Class: sam.ClassRetry, Code: codeHeld,
			Plain: "The connection itself has a problem, so its customers wait.",
			Fix:   "See the problem shown with the connection.",
		},
	}
}

// holdAll defers every task that is still to do.
func (b *job) holdAll(d decision) {
	for _, task := range b.todo {
		b.later = append(b.later, deferral{task, d})
	}
	b.todo = nil
}
