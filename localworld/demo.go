package localworld

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/samkeeper/samkeeper/localworld/leak"
)

// A sweep's sums are looked at every pollEvery, or after pollShare times as long
// as the last look took: watching must not slow down what is watched.
const (
	pollEvery = 500 * time.Millisecond
	pollShare = 9
)

// DemoOptions says what a demo shows.
type DemoOptions struct {
	Options
	// OutDir gets report.json and the logs.
	OutDir string
	// Out is where a person reads along; Live when it is a terminal.
	Out  io.Writer
	Live bool
	// Hold, if set, is called when all is done and before the world stops.
	Hold func(ctx context.Context, w *World) error
}

// Demo plays the main job once: consent, rotation, a sweep over all customers,
// the result, the hunt for leaks. The report is written whatever came of it;
// the error says in which ways it falls short.
func Demo(ctx context.Context, opts DemoOptions) (*Report, error) {
	began := time.Now()
	report := &Report{Seed: opts.Seed}
	progress := &Progress{Out: opts.Out, Live: opts.Live}
	fmt.Fprintf(opts.Out, "samkeeper demo: %d customers, seed %d\n", opts.Customers, opts.Seed)

	world, err := startWorld(ctx, opts, progress)
	if err != nil {
		return report, err
	}
	defer world.Stop()
	err = play(ctx, world, report, progress)
	report.DurationS = time.Since(began).Seconds()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, world.LastWords())
	}
	err = errors.Join(err, report.Write(filepath.Join(opts.OutDir, "report.json")))
	if err == nil {
		err = report.Verify()
	}
	if opts.Hold != nil {
		err = errors.Join(err, opts.Hold(ctx, world))
	}
	return report, err
}

func startWorld(ctx context.Context, opts DemoOptions, progress *Progress) (*World, error) {
	progress.Begin()
	progress.Update("starting Azurite, the simulated Microsoft cloud and the stand-in host")
	opts.LogDir = opts.OutDir
	world, err := Start(ctx, opts.Options)
	if err != nil {
		return nil, fmt.Errorf("starting the local world: %w", err)
	}
	progress.Done("Azurite, a simulated Microsoft cloud and a stand-in Functions host are up")
	return world, nil
}

// play goes through the acts; the report is filled as far as it gets.
func play(ctx context.Context, w *World, report *Report, progress *Progress) error {
	for _, act := range []func(context.Context, *World, *Report, *Progress) error{consentAct, rotationAct, sweepAct, judgeAct} {
		if err := act(ctx, w, report, progress); err != nil {
			return err
		}
	}
	return nil
}

func consentAct(ctx context.Context, w *World, _ *Report, progress *Progress) error {
	progress.Begin()
	progress.Update("signing in through the pages")
	if err := w.Consent(ctx); err != nil {
		return err
	}
	status, err := w.Status(ctx)
	if err != nil {
		return err
	}
	if len(status.Connections) != 1 {
		return fmt.Errorf("after the consent there are %d connections, want 1", len(status.Connections))
	}
	c := status.Connections[0]
	progress.Done("Consent: %s signed in (MFA: %s), token in the vault, valid for %d days", c.UPN, yes(c.MFA), c.DaysLeft)
	return nil
}

func rotationAct(ctx context.Context, w *World, report *Report, progress *Progress) error {
	progress.Begin()
	progress.Update("rotating")
	if err := w.Fire(ctx, "RotateRefreshTokens"); err != nil {
		return err
	}
	versions, err := w.VaultVersions(ctx)
	if err != nil {
		return err
	}
	status, err := w.Status(ctx)
	if err != nil {
		return err
	}
	report.VaultVersions = versions
	proved := len(status.Connections) == 1 && status.Connections[0].Proved
	progress.Done("Rotation: renewed, written, read back; proved by redeeming it: %s; %d versions in the vault", yes(proved), versions)
	return nil
}

func sweepAct(ctx context.Context, w *World, report *Report, progress *Progress) error {
	progress.Begin()
	began := time.Now()
	want, err := w.Expected(ctx)
	if err != nil {
		return err
	}
	report.want = want
	progress.Update("discovering customers")
	if err := w.Fire(ctx, "EnqueueCustomers"); err != nil {
		return err
	}
	if err := awaitSweep(ctx, w, progress); err != nil {
		return err
	}
	if err := w.Fire(ctx, "SuperviseRuns"); err != nil {
		return err
	}
	status, err := w.Status(ctx)
	if err != nil {
		return err
	}
	run := status.Newest()
	if run == nil || run.State != "closed" {
		return fmt.Errorf("the run is not closed after its tasks ended: %+v", run)
	}
	report.SweepS = time.Since(began).Seconds()
	progress.Done("Sweep: %d customers, %d tasks: %d done, %d skipped, %d failed; sums match", run.Customers, run.Expected, run.Done, run.Skipped, run.Failed)
	return nil
}

// awaitSweep waits until no task of the newest run is pending.
func awaitSweep(ctx context.Context, w *World, progress *Progress) error {
	for {
		asked := time.Now()
		status, err := w.Status(ctx)
		if err != nil {
			return err
		}
		run := status.Newest()
		if run == nil {
			return errors.New("no run was opened; the handler's log says why")
		}
		if run.State == "closed" || run.State == "open" && run.Pending == 0 {
			return nil
		}
		progress.Update("sweep: %d of %d tasks accounted for", run.Done+run.Skipped+run.Failed, run.Expected)
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the sweep: %w", ctx.Err())
		case <-time.After(max(pollEvery, pollShare*time.Since(asked))):
		}
	}
}

// judgeAct shows the result, compares it with the world and hunts for leaks.
func judgeAct(ctx context.Context, w *World, report *Report, progress *Progress) error {
	progress.Begin()
	progress.Update("comparing with the world and hunting for leaked tokens")
	status, err := w.Status(ctx)
	if err != nil {
		return err
	}
	want := report.want
	report.fill(status, want)
	report.HandlerPeakRSSMB = w.HandlerPeakRSSMB()
	book, consents := newOutcomeBook(status.Newest().ID), newConsentBook()
	hits, err := w.HuntLeaks(ctx, report, book.note, consents.note)
	if err != nil {
		return err
	}
	report.OutcomesWrong = append(report.OutcomesWrong, book.compare(want)...)
	report.ConsentsExpected, report.ConsentsGiven, report.ConsentsProved = want.Consents, len(consents.given), len(consents.proved)
	report.SecretLeaks = leak.Bytes(hits)
	progress.Done("Compared with the world; %d secrets hunted in %.1f MB left behind: %d bytes leaked", report.SecretsHunted, float64(report.BytesSearched)/1e6, report.SecretLeaks)
	progress.Done("%s", consents)
	if len(hits) > 0 {
		fmt.Fprint(progress.Out, leak.Describe(hits, 10))
	}
	Result(progress.Out, status)
	return nil
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
