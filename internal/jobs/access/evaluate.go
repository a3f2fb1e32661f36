package access

import (
	"slices"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// Warned is how long before its end a relationship is spoken of.
const Warned = 90 * 24 * time.Hour

// Verdict is how one permission stands for one task.
type Verdict struct {
	Task       string     `json:"task"`
	Permission Permission `json:"permission"`
	Kind       Kind       `json:"kind"`
	State      State      `json:"state"`
	Until      *time.Time `json:"until,omitempty"`   // when it ends, if it does
	Through    string     `json:"through,omitempty"` // id of the relationship that gives it
	Fix        string     `json:"fix,omitempty"`     // with Missing and Ending
	Owner      sam.Owner  `json:"owner,omitempty"`
	Link       string     `json:"link,omitempty"`

	name string // of the relationship
}

// Evaluate judges every need of the tasks, in the order of the Table. It is
// pure.
func Evaluate(now time.Time, tasks []string, f Facts) []Verdict {
	verdicts := []Verdict{}
	for _, t := range Table {
		if !slices.Contains(tasks, t.Task) {
			continue
		}
		barred := false
		for _, n := range t.Needs {
			v := Verdict{Task: t.Task, Permission: n.Permission, Kind: n.Kinds[0], State: Unknown}
			if !barred {
				v.judge(now, n, f)
			}
			if v.State == Missing || v.State == Ending {
				v.advise(n, f, tasks)
			}
			barred = barred || v.State == Missing && bars(n.Permission)
			verdicts = append(verdicts, v)
		}
	}
	return verdicts
}

// bars reports whether the needs behind this one cannot be judged without it.
func bars(p Permission) bool { return p == Relationship || p == Assignment || p == Consent }

func (v *Verdict) judge(now time.Time, n Need, f Facts) {
	switch n.Permission {
	case Relationship, Assignment, DirectoryRole, ConsentRole:
		if f.Direct {
			v.State = NotNeeded
			return
		}
		v.judgeBooks(now, n, f)
	case Consent:
		v.State = or(f.Consent[n.Resource], Unknown)
	case Azure:
		v.State = or(f.Azure, Unknown)
		if f.Lighthouse {
			v.Kind = KindLighthouse
		}
	}
}

// judgeBooks judges what a relationship gives: the one that lasts longest counts.
func (v *Verdict) judgeBooks(now time.Time, n Need, f Facts) {
	if !f.RelationsKnown || n.Permission != Relationship && !f.GroupsKnown {
		return
	}
	best := -1
	for i, r := range f.Relations {
		if n.Permission != Relationship && !f.gives(r, n.AnyOf) {
			continue
		}
		if best < 0 || outlasts(r, f.Relations[best]) {
			best = i
		}
	}
	switch {
	case best >= 0:
		v.through(now, f.Relations[best])
	case n.Permission == Relationship || f.assignmentsKnown():
		v.State = Missing
	}
}

// through takes the permission from a relationship, with its end.
func (v *Verdict) through(now time.Time, r Relation) {
	v.State, v.Through, v.name = Present, r.ID, r.Name
	if !endless(r) {
		until := r.Ends.UTC()
		v.Until = &until
		if until.Sub(now) <= Warned {
			v.State = Ending
		}
	}
}

func endless(r Relation) bool { return r.Extends || r.Ends.IsZero() }

func outlasts(a, b Relation) bool { return !endless(b) && (endless(a) || a.Ends.After(b.Ends)) }

func or(s, otherwise State) State {
	if s == "" {
		return otherwise
	}
	return s
}
