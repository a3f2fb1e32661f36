package jobs

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/telemetry"
)

// The audit trail of given-up messages: action, and subject of foreign ones.
const (
	ActionPoison   = "poison"
	SubjectForeign = "foreign-message"
)

// auditText is how much of a body one audit line takes; a table cell holds
// 32,768 characters. excerptBytes is how much of a foreign body its record
// shows.
const (
	auditText    = 24 << 10
	excerptBytes = 512
)

// The codes of messages that were given up without a reason on the record.
const (
	CodePoisoned = "Poisoned" // five deliveries, and nobody could write why
	CodeForeign  = "Foreign"  // not a message of this program
)

// RecordPoisoned takes a message that the host gave up delivering. If its last
// reason may pass, the job gets another round, later (see rounds). Otherwise its
// open outcomes become failed, with the class of that reason, and the message
// gets a record of its own, which can be listed and replayed. One that leaves
// nothing open is done with. A foreign message is kept whole in the audit trail,
// in base64, under SubjectForeign; its record shows how it begins. Doing it
// again changes nothing. An error means that the ledger or the queue could not
// be written; the message is then delivered again.
func (j *Jobs) RecordPoisoned(ctx context.Context, body []byte) error {
	m, err := ParseMessage(body)
	if errors.Is(err, ErrForeign) {
		j.Log.ErrorContext(ctx, "foreign message in the poison queue, kept in the audit trail", slog.Int("bytes", len(body)), failure(err))
		return j.keepForeign(ctx, body, err)
	}
	rows, err := j.Ledger.Job(ctx, m.Run, m.Customer)
	if err != nil {
		return err
	}
	open := slices.DeleteFunc(rows, func(o ledger.Outcome) bool { return !m.awaits(o, j.Now()) })
	if len(open) == 0 {
		return j.drop(ctx, m, "five deliveries of it failed, but each of its tasks has an outcome, or another message, or no run that expects it")
	}
	record := poisonedOf(m, open, j.Now())
	if record.Body, err = canonical(m); err != nil {
		return err
	}
	if again, err := j.anotherRound(ctx, m, open, record); again || err != nil {
		return err
	}
	kept, err := j.Ledger.PutPoisoned(ctx, record, body)
	if err != nil {
		return err
	}
	j.Log.ErrorContext(ctx, "job given up", inRun(m.Run), atCustomer(m.Customer), slog.Any("tasks", m.Tasks), slog.Int("try", m.Try),
		slog.String("poisoned", kept.ID), slog.String("class", string(kept.Class)), slog.String("code", kept.Code), slog.String("problem", kept.Plain), slog.String("request_id", kept.RequestID))
	if err := j.keep(ctx, string(m.Customer), fmt.Sprintf("job given up: %s %s (%s)", kept.Class, kept.Code, kept.ID), kept.Body, m.Run); err != nil {
		return err
	}
	return j.failPoisoned(ctx, m, open, kept)
}

// canonical is a message as this program writes it, whatever spaces it came with.
func canonical(m Message) (string, error) {
	body, err := m.Encode()
	return string(body), err
}

// poisonedOf is the record of a given-up job: its reason is that of the outcome
// in which the process ended, or of the first one that has a reason.
func poisonedOf(m Message, open []ledger.Outcome, now time.Time) ledger.Poisoned {
	p := ledger.Poisoned{
		At: now, Run: m.Run, Customer: m.Customer, Tasks: m.Tasks, Try: m.Try,
		Class: sam.ClassConfiguration, Code: CodePoisoned,
		Plain: "The job ended five times without an answer, by a crash or because the storage could not be written.",
		Fix:   "Look at the log of RunCustomerJob for this customer, then replay the job.",
	}
	for _, o := range open {
		if o.Class != "" && (p.Code == CodePoisoned || o.Code == codeCrashed) {
			p.Class, p.Code, p.Plain, p.Fix, p.RequestID = o.Class, o.Code, o.Plain, o.Fix, o.RequestID
		}
	}
	return p
}

// failPoisoned fails the message's outcomes that are still open. A run that
// takes no more outcomes gets none.
func (j *Jobs) failPoisoned(ctx context.Context, m Message, open []ledger.Outcome, kept ledger.Poisoned) error {
	run, err := j.Ledger.Run(ctx, m.Run)
	if errors.Is(err, ledger.ErrAbsent) || err == nil && run.State != ledger.RunOpen {
		return nil
	}
	if err != nil {
		return fmt.Errorf("given-up job of customer %s: %w", m.Customer, err)
	}
	for _, o := range open {
		o.Plain = "Given up after five deliveries. " + o.Plain
		if o.Class == "" {
			o.Class, o.Code, o.Fix, o.RequestID = kept.Class, kept.Code, kept.Fix, kept.RequestID
			o.Plain = "Given up before this task had its turn. " + kept.Plain
		}
		o.State, o.Try, o.RetryAt, o.UpdatedAt = sam.Failed, m.Try, time.Time{}, j.Now()
		if err := j.Ledger.PutOutcome(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// keepForeign records a message that nobody can do.
func (j *Jobs) keepForeign(ctx context.Context, body []byte, why error) error {
	_, err := j.Ledger.PutPoisoned(ctx, ledger.Poisoned{
		At: j.Now(), Foreign: true, Class: sam.ClassConfiguration, Code: CodeForeign,
		Plain: fmt.Sprintf("Something that is no job message lay in the queue %s: %.300s.", QueueCustomerJobs, telemetry.Scrub(why.Error())),
		Fix:   "Find out who writes to the queue; only samkeeper does. It cannot be replayed, and nobody waits for it.",
		Body:  Excerpt(body),
	}, body)
	if err != nil {
		return err
	}
	text := base64.StdEncoding.EncodeToString(body)
	lines := max(1, (len(text)+auditText-1)/auditText)
	for i := range lines {
		part := text[i*auditText : min(len(text), (i+1)*auditText)]
		result := fmt.Sprintf("foreign message kept, part %d of %d: %.200s", i+1, lines, why)
		if err := j.keep(ctx, SubjectForeign, result, part, ""); err != nil {
			return err
		}
	}
	return nil
}

// named are the members of a JSON object whose text is nobody's business.
var named = regexp.MustCompile(`(?i)("[^"\\]*(?:token|secret|password|assertion|authorization|cookie|key|code|sig)[^"\\]*"\s*:\s*)"(?:[^"\\]|\\.)*"?`)

// Excerpt shows how foreign bytes begin: without what looks like a credential,
// quoted, in ASCII, with a bound.
func Excerpt(body []byte) string {
	text := telemetry.Scrub(named.ReplaceAllString(string(body), `$1"[redacted]"`))
	if len(text) > excerptBytes {
		return strconv.QuoteToASCII(text[:excerptBytes]) + "…"
	}
	return strconv.QuoteToASCII(text)
}

func (j *Jobs) keep(ctx context.Context, subject, result, detail, reference string) error {
	err := j.Ledger.Record(ctx, ledger.Audit{
		At: j.Now(), Action: ActionPoison, Phase: ledger.PhaseOutcome, Subject: subject,
		Result: result, Detail: detail, Reference: reference,
	})
	if err != nil {
		return fmt.Errorf("keep a given-up message: %w", err)
	}
	return nil
}
