package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/serving"
)

// rosterLife is how long a process believes what it read about connections. A
// job that finds its connection broken looks again at once.
const rosterLife = 15 * time.Second

// roster is the connections as last read, so that a sweep over thousands of
// customers does not read the same few rows thousands of times.
type roster struct {
	mu      sync.Mutex
	benches []serving.Bench
	readAt  time.Time
}

// benches are the connections, grouped and ordered, as they were at most so
// long ago; 0 asks the ledger.
func (j *Jobs) benches(ctx context.Context, age time.Duration) ([]serving.Bench, error) {
	j.roster.mu.Lock()
	defer j.roster.mu.Unlock()
	now := j.Now()
	if !j.roster.readAt.IsZero() && now.Sub(j.roster.readAt) < age {
		return j.roster.benches, nil
	}
	all, err := j.Ledger.Connections(ctx)
	if err != nil {
		return nil, err
	}
	j.roster.benches, j.roster.readAt = serving.Benches(all), now
	return j.roster.benches, nil
}

// forgetRoster makes the next reader ask the ledger.
func (j *Jobs) forgetRoster() {
	j.roster.mu.Lock()
	defer j.roster.mu.Unlock()
	j.roster.readAt = time.Time{}
}

// inPlaceOf is the connection that serves now the customers which were given
// to another one, perhaps long ago. Where nobody is fit, and where the ledger
// does not know the connection, it is that one itself.
func (j *Jobs) inPlaceOf(ctx context.Context, id sam.ConnectionID, age time.Duration) (sam.ConnectionID, error) {
	benches, err := j.benches(ctx, age)
	if err != nil {
		return "", err
	}
	bench, known := serving.Of(benches, id)
	if !known {
		return id, nil
	}
	if c, fit := bench.Serving(j.Now()); fit {
		return c.ID, nil
	}
	return id, nil
}

// failOver puts the problem on the job's connection and goes on with the next
// one of its bench, if there is a fit one. It is false when the job has to
// wait: nobody is left, or the trouble is not the account's own. Whoever is
// failed over from is unfit now, so a job tries each connection at most once.
func (b *job) failOver(ctx context.Context, p *sam.Problem) (bool, error) {
	if !serving.Breaks(p.Class, p.Code) {
		return false, nil
	}
	from := b.m.Connection
	if err := b.raise(ctx, from, p); err != nil {
		return false, err
	}
	next, err := b.inPlaceOf(ctx, from, 0)
	if err != nil || next == from {
		return false, err
	}
	b.Log.InfoContext(ctx, "a standby takes over", inRun(b.m.Run), atCustomer(b.m.Customer), ofConnection(from), slog.String("standby", string(next)))
	b.m.Connection = next
	b.visit = b.newVisit(b.m)
	return true, nil
}
