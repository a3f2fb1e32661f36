package ledger

import (
	"sync"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
)

// maxRecalled bounds what is remembered; an instance does 24 jobs of a handful
// of tasks at once.
const maxRecalled = 2000

// recall remembers the outcomes that a job was shown, each until it is written:
// a job reads all its rows when it begins and writes each once, and need not
// read it once more for that. What is remembered may be out of date; it is only
// ever used to write over that very version, and who writes over another reads
// again.
type recall struct {
	mu    sync.Mutex
	shown map[rows.Key]version
}

// version is an outcome as it was read.
type version struct {
	outcome Outcome
	etag    string
}

// show remembers a version.
func (r *recall) show(k rows.Key, v version) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shown == nil || len(r.shown) >= maxRecalled { // jobs that were dropped left theirs behind
		r.shown = map[rows.Key]version{}
	}
	r.shown[k] = v
}

// take returns the version that was shown, once.
func (r *recall) take(k rows.Key) (version, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.shown[k]
	delete(r.shown, k)
	return v, ok
}
