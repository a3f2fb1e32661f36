package consent

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Action is the action of this task's lines in the audit trail; their subject
// is the customer, their reference the request id of the call.
const Action = "application-consent"

// Results of the lines, in the order in which they come.
const (
	resultAsked      = "asked"     // of an intent
	resultUnsent     = "not sent"  // the call was not made
	resultUnanswered = "no answer" // what came of it is not known
	resultRefused    = "refused"
	resultExisted    = "existed" // there was an entry, left as it was
	resultGiven      = "given"
	resultProved     = "proved" // a token shows it
)

// rank orders lines of the same instant.
var rank = map[string]int{resultAsked: 1, resultUnsent: 2, resultUnanswered: 2, resultRefused: 2, resultExisted: 2, resultGiven: 2, resultProved: 3}

// recordWithin bounds the writing of a line that must not be lost.
const recordWithin = 10 * time.Second

// remembered is how many lines of a customer are looked at: several days', also
// when every run finds several consents refused.
const remembered = 100

// line is a line of the audit trail; the zero line is none.
type line struct{ ledger.Audit }

// agreed reports whether the consent is there as far as Partner Center goes.
func (l line) agreed() bool { return l.Result == resultGiven || l.Result == resultExisted }

// unanswered reports whether nobody knows what came of the call.
func (l line) unanswered() bool { return l.Result == resultAsked || l.Result == resultUnanswered }

// memory is what the trail says of a customer's consents, newest first.
type memory []line

// remember reads the trail.
func (t Task) remember(ctx context.Context, customer sam.CustomerID) (memory, error) {
	trail, err := t.Trail.AuditTrail(ctx, string(customer), remembered)
	if err != nil {
		return nil, err
	}
	var m memory
	for _, a := range trail {
		if a.Action == Action {
			m = append(m, line{a})
		}
	}
	slices.SortStableFunc(m, func(a, b line) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(rank[b.Result], rank[a.Result]))
	})
	return m, nil
}

// last is the newest line about the same permissions on the same service.
func (m memory) last(g gap) line { return m.begins(about(g.Need, g.scopes)) }

// given is the newest line that says that they were given.
func (m memory) given(g gap) line {
	about := about(g.Need, g.scopes)
	return m.find(func(l line) bool { return l.Result == resultGiven && strings.HasPrefix(l.Detail, about) })
}

func (m memory) begins(with string) line {
	return m.find(func(l line) bool { return strings.HasPrefix(l.Detail, with) })
}

func (m memory) find(is func(line) bool) line {
	if i := slices.IndexFunc(m, is); i >= 0 {
		return m[i]
	}
	return line{}
}

// about begins the detail of every line.
func about(n Need, scopes []string) string {
	return service(n) + strings.Join(scopes, ",") + "; "
}

func service(n Need) string { return fmt.Sprintf("%s (%s): ", n.Service, n.App) }

// record writes who asked for what, where, and what came of it.
func (t Task) record(ctx context.Context, v jobs.Visit, g gap, id, result, remark string) error {
	phase := ledger.PhaseOutcome
	if result == resultAsked {
		phase = ledger.PhaseIntent
	}
	detail := fmt.Sprintf("%sapp %s, by connection %s, run %s", about(g.Need, g.scopes), t.App, v.Customer.Connection, v.Run)
	if remark != "" {
		detail += "; " + remark
	}
	return t.Trail.Record(ctx, ledger.Audit{
		At: t.now(), Action: Action, Phase: phase, Subject: string(v.Customer.ID),
		Result: result, Detail: detail, Reference: id,
	})
}

// recordAnyway is record also when the caller is called off: an answer that was
// had must not be lost.
func (t Task) recordAnyway(ctx context.Context, v jobs.Visit, g gap, id, result, remark string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	return t.record(ctx, v, g, id, result, remark)
}

// recordProof writes down, once, that what was waited for is proved.
func (t Task) recordProof(ctx context.Context, v jobs.Visit, proved []Need) error {
	past, err := t.remember(ctx, v.Customer.ID)
	if err != nil {
		return err
	}
	for _, need := range proved {
		l := past.begins(service(need))
		if !l.agreed() {
			continue
		}
		scopes, _, _ := strings.Cut(strings.TrimPrefix(l.Detail, service(need)), "; ")
		g := gap{Need: need, scopes: strings.Split(scopes, ",")}
		if err := t.record(ctx, v, g, l.Reference, resultProved, ""); err != nil {
			return err
		}
	}
	return nil
}
