package jobs

import (
	"fmt"
	"slices"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Verdict is what a replay does with one given-up message.
type Verdict string

// The verdicts. The first two send a message; the next two find that nothing is
// left to send; the others refuse.
const (
	Rejoins        Verdict = "rejoins"         // back into its own run, which is still open
	Opens          Verdict = "opens"           // into a new run for just what is missing
	UnderWay       Verdict = "under_way"       // an open run is about to do it
	DoneSince      Verdict = "done_since"      // a run has done it meanwhile
	ReplayedBefore Verdict = "replayed_before" // somebody took care of it
	NotOurs        Verdict = "foreign"         // no job message: nobody could do it
	NoSuchTask     Verdict = "unknown_task"    // this version has none of its tasks
	CustomerGone   Verdict = "customer_gone"   // discovery knows the customer no more
	NoAccess       Verdict = "no_access"       // the way in is barred
	Broken         Verdict = "failed"          // the replay itself failed
)

// Sends reports whether the verdict makes work.
func (v Verdict) Sends() bool { return v == Rejoins || v == Opens }

// Settles reports whether the message is taken care of.
func (v Verdict) Settles() bool { return v.Sends() || v == UnderWay || v == DoneSince }

// Replayed is what a replay does, or would do, with one given-up message.
type Replayed struct {
	Message ledger.Poisoned
	Verdict Verdict
	Run     string   // that takes care of it; "" for one that a dry run did not open
	Tasks   []string // that are sent
	Plain   string   // a sentence that explains the verdict

	customer sam.Customer // with Sends
}

// goneAfter is how long discovery may have missed a customer that others of the
// same partner tenant did not miss.
const goneAfter = 24 * time.Hour

// barred are the access states in which no task gets in. What bars one service
// only is met again by that service's task, and told by it.
var barred = []sam.Reason{
	sam.TenantGone, sam.NotListed, sam.NoConsentRole, sam.ConsentMissing, sam.NoGDAP, sam.BlockedByPolicy, sam.NoReseller,
}

// visitor is what a replay knows of the customers.
type visitor struct {
	customers map[sam.CustomerID]sam.Customer
	seen      map[sam.TenantID]time.Time // when each partner tenant was last discovered
}

func newVisitor(all []sam.Customer) visitor {
	v := visitor{customers: make(map[sam.CustomerID]sam.Customer, len(all)), seen: map[sam.TenantID]time.Time{}}
	for _, c := range all {
		v.customers[c.ID] = c
		if t := c.Connection.Tenant(); c.SeenAt.After(v.seen[t]) {
			v.seen[t] = c.SeenAt
		}
	}
	return v
}

// refuses says why a message is not replayed, whatever the runs say; the
// verdict is "" when nothing stands against it. known are the tasks of the
// message that this program has.
func (v visitor) refuses(p ledger.Poisoned, known []string) (Verdict, string) {
	c, found := v.customers[p.Customer]
	switch {
	case p.Replayed() && p.ReplayedInto == "":
		return ReplayedBefore, fmt.Sprintf("%s dismissed it at %s.", p.ReplayedBy, p.ReplayedAt.Format(time.RFC3339))
	case p.Replayed():
		return ReplayedBefore, fmt.Sprintf("%s replayed it at %s.", p.ReplayedBy, p.ReplayedAt.Format(time.RFC3339))
	case p.Foreign:
		return NotOurs, "It is no job message of this program, so there is nothing to do again."
	case len(known) == 0:
		return NoSuchTask, fmt.Sprintf("This version has none of its tasks %q.", p.Tasks)
	case !found:
		return CustomerGone, "The ledger does not know this customer."
	case v.seen[c.Connection.Tenant()].Sub(c.SeenAt) > goneAfter:
		return CustomerGone, fmt.Sprintf("Discovery has not seen this customer since %s.", c.SeenAt.Format(time.RFC3339))
	case slices.Contains(barred, c.Access):
		return NoAccess, fmt.Sprintf("%s: %s Replay it when the customer can be visited, or let the next sweep do it.", c.Access, c.AccessDetail)
	}
	return "", ""
}

// standing is a run and what it holds of one customer.
type standing struct {
	run  ledger.Run
	rows []ledger.Outcome
}

// takes reports whether the run still takes outcomes.
func (s standing) takes(now time.Time) bool {
	return s.run.State == ledger.RunOpen && now.Before(s.run.Deadline)
}

// stand is what is left of a message's tasks after looking at the runs.
type stand struct {
	failed  []ledger.Outcome // in its own run, which is open: to be reopened
	missing []string         // nobody has done or will do them
	waiting string           // a run that is about to do some
	done    string           // a run that did some
}

// look goes through the runs, the message's own first, then newer ones from the
// newest on, and finds out where each of the tasks stands.
func look(p ledger.Poisoned, tasks []string, runs []standing, now time.Time) stand {
	s := stand{missing: slices.Clone(tasks)}
	for _, at := range runs {
		for _, o := range at.rows {
			i := slices.Index(s.missing, o.Task)
			if i < 0 {
				continue
			}
			switch {
			case o.State == sam.Failed && at.run.ID == p.Run && at.takes(now):
				s.failed = append(s.failed, o)
			case o.State == sam.Done, o.State == sam.Skipped:
				s.done = at.run.ID
			case !o.State.Final() && at.takes(now):
				s.waiting = at.run.ID
			default:
				continue
			}
			s.missing = slices.Delete(s.missing, i, i+1)
		}
	}
	return s
}

// plan decides about one message that nothing stands against.
func (s stand) plan(p ledger.Poisoned) Replayed {
	r := Replayed{Message: p}
	switch {
	case len(s.failed) > 0:
		r.Verdict, r.Run = Rejoins, p.Run
		for _, o := range s.failed {
			r.Tasks = append(r.Tasks, o.Task)
		}
		r.Plain = "Its own run is still open; the failed tasks are expected again."
	case len(s.missing) > 0:
		r.Verdict, r.Tasks = Opens, s.missing
		r.Plain = "A run of its own does what is missing."
	case s.waiting != "":
		r.Verdict, r.Run = UnderWay, s.waiting
		r.Plain = "An open run is about to do it."
	default:
		r.Verdict, r.Run = DoneSince, s.done
		r.Plain = "It has been done since."
	}
	return r
}
