package jobs

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// The audit trail of given-up messages: action, and subject of foreign ones.
const (
	ActionPoison   = "poison"
	SubjectForeign = "foreign-message"
)

// auditText is how much of a body one audit line takes; a table cell holds
// 32,768 characters.
const auditText = 24 << 10

// RecordPoisoned takes a message that the host gave up delivering. Its open
// outcomes become failed, and the body is kept in the audit trail: ours as it
// is, under the customer; a foreign one in base64, under SubjectForeign, in as
// many lines as it takes. An error means that the ledger could not be written;
// the message is then delivered again.
func (j *Jobs) RecordPoisoned(ctx context.Context, body []byte) error {
	m, err := ParseMessage(body)
	if errors.Is(err, ErrForeign) {
		j.Log.ErrorContext(ctx, "foreign message in the poison queue, kept in the audit trail", slog.Int("bytes", len(body)), failure(err))
		return j.keepForeign(ctx, body, err)
	}
	j.Log.ErrorContext(ctx, "job given up", inRun(m.Run), atCustomer(m.Customer), slog.Any("tasks", m.Tasks), slog.Int("try", m.Try))
	if err := j.keep(ctx, string(m.Customer), "job given up", string(body), m.Run); err != nil {
		return err
	}
	return j.failPoisoned(ctx, m)
}

// failPoisoned fails the message's outcomes that are still open. A run that is
// unknown or over gets no new rows.
func (j *Jobs) failPoisoned(ctx context.Context, m Message) error {
	rows, err := j.Ledger.Job(ctx, m.Run, m.Customer)
	if err != nil {
		return err
	}
	named := make(map[string]bool, len(m.Tasks))
	for _, t := range m.Tasks {
		named[t] = true
	}
	for _, o := range rows {
		if !named[o.Task] || o.State.Final() {
			continue
		}
		o.State, o.Class, o.Code, o.UpdatedAt = sam.Failed, sam.ClassConfiguration, "Poisoned", j.Now()
		o.Plain = "The job was given up: it ended five times without an answer, by a crash or because the storage could not be written."
		o.Fix = "Look at the log of RunCustomerJob for this customer, then wait for the next run; the message is in the audit trail."
		if err := j.Ledger.PutOutcome(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func (j *Jobs) keepForeign(ctx context.Context, body []byte, why error) error {
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
