package consent

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Refusal is the only error of Start and Complete: nothing was stored. Plain,
// Fix and Reference are for the person and hold no text from outside; Err is
// the cause, for the log alone.
type Refusal struct {
	Status    int    // HTTP status to answer with
	Reference string // also in the log line and, once a sign-in has begun, in the audit
	Plain     string // one sentence: what is wrong
	Fix       string // one sentence: what to do
	Err       error  // cause; nil when the refusal is its own cause
}

// Error is for the log.
func (r *Refusal) Error() string {
	if r.Err == nil {
		return fmt.Sprintf("consent refused [%s]: %s", r.Reference, r.Plain)
	}
	return fmt.Sprintf("consent refused [%s]: %s: %v", r.Reference, r.Plain, r.Err)
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Err }

// startAgain is what helps in most cases.
const startAgain = "Start the consent again from its first page."

// refuse makes a refusal whose cause is a rule of this package.
func refuse(status int, plain, fix string) *Refusal {
	return &Refusal{Status: status, Plain: plain, Fix: fix}
}

// newReference is short enough to read out on the phone: 60 random bits.
func newReference() string {
	text := rand.Text()
	return text[:4] + "-" + text[4:8] + "-" + text[8:12]
}

// stamped gives any error of the protocol its reference, and turns what is not
// yet a refusal into one.
func stamped(reference string, err error) *Refusal {
	var r *Refusal
	if !errors.As(err, &r) {
		r = fromUpstream(err)
	}
	r.Reference = reference
	return r
}

// fromUpstream words a failure of a neighbour. Problems bring their own
// sentences, from the tables of package entra and vault.
func fromUpstream(err error) *Refusal {
	p := sam.AsProblem(err)
	if p == nil {
		return &Refusal{
			Status: http.StatusServiceUnavailable,
			Plain:  "A service that samkeeper depends on did not answer as it should.",
			Fix:    "Wait a minute, then start the consent again from its first page.",
			Err:    err,
		}
	}
	return &Refusal{Status: statusOf(p.Class), Plain: withCode(p), Fix: p.Fix, Err: err}
}

func withCode(p *sam.Problem) string {
	if p.Code == "" {
		return p.Plain
	}
	return strings.TrimSuffix(p.Plain, ".") + " (" + p.Code + ")."
}

// burnt are the refusals of a code that mean the answer, not the app, is at
// fault: redeemed before, or made for another sign-in.
var burnt = []string{"AADSTS54005", "AADSTS501481", "AADSTS700005", "AADSTS70008"}

// fromRedemption words why a code could not be redeemed.
func fromRedemption(err error) error {
	r := fromUpstream(err)
	if p := sam.AsProblem(err); p != nil && slices.Contains(burnt, p.Code) {
		r.Status, r.Fix = http.StatusBadRequest, startAgain
	}
	return r
}

// statusOf answers by who can end the problem.
func statusOf(c sam.Class) int {
	switch c {
	case sam.ClassRetry:
		return http.StatusServiceUnavailable
	case sam.ClassReconsent:
		return http.StatusBadRequest
	case sam.ClassPolicy, sam.ClassCustomer:
		return http.StatusForbidden
	case sam.ClassCredential, sam.ClassConfiguration:
		return http.StatusInternalServerError
	}
	return http.StatusInternalServerError
}

// fromState words what the ledger says of a state id.
func fromState(err error) error {
	switch {
	case errors.Is(err, ledger.ErrStateUsed):
		return &Refusal{
			Status: http.StatusConflict,
			Plain:  "This answer was already used once; a sign-in counts only once.",
			Fix:    "If the first attempt showed success there is nothing to do. Otherwise start the consent again from its first page.",
			Err:    err,
		}
	case errors.Is(err, ledger.ErrStateExpired):
		return &Refusal{Status: http.StatusBadRequest, Plain: tookTooLong, Fix: startAgain, Err: err}
	case errors.Is(err, ledger.ErrStateUnknown):
		return &Refusal{
			Status: http.StatusBadRequest,
			Plain:  "This answer belongs to no sign-in that was started here.",
			Fix:    startAgain, Err: err,
		}
	}
	return err
}

const tookTooLong = "More than 15 minutes passed between starting the consent and coming back."
