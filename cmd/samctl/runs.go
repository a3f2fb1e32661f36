package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

func runsCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "Runs: list, show, cancel, resume",
		Long:  "Runs over customers and their sums.\nWorks on the storage account: AzureWebJobsStorage, or AzureWebJobsStorage__accountName and `az login`.",
	}
	cmd.AddCommand(runsListCommand(o), runsShowCommand(o), runsCancelCommand(o), runsResumeCommand(o))
	return cmd
}

// runView is a run in JSON. Members may be added, never renamed.
type runView struct {
	ID        string             `json:"id"`
	Kind      string             `json:"kind"`
	State     string             `json:"state"`
	Result    string             `json:"result,omitempty"`
	Tasks     []string           `json:"tasks"`
	Opened    time.Time          `json:"opened"`
	Deadline  time.Time          `json:"deadline"`
	Closed    *time.Time         `json:"closed,omitempty"`
	Customers int                `json:"customers"`
	Expected  int                `json:"expected"`
	Done      int                `json:"done"`
	Skipped   int                `json:"skipped"`
	Failed    int                `json:"failed"`
	Pending   int                `json:"pending"`
	SkippedBy map[sam.Reason]int `json:"skipped_by,omitempty"`
	FailedBy  map[sam.Class]int  `json:"failed_by,omitempty"`
	Note      string             `json:"note,omitempty"`
	By        string             `json:"by,omitempty"` // who cancelled or resumed it last
}

func runOf(r ledger.Run) runView {
	v := runView{
		ID: r.ID, Kind: string(r.Kind), State: string(r.State), Result: string(r.Result()), Tasks: append([]string{}, r.Tasks...),
		Opened: r.Opened, Deadline: r.Deadline, Customers: r.Customers, Expected: r.Expected, Note: safe(r.Note), By: r.CancelledBy,
		Done: r.Sums.Done, Skipped: r.Sums.Skipped, Failed: r.Sums.Failed, Pending: r.Sums.Pending,
		SkippedBy: r.Sums.SkippedBy, FailedBy: r.Sums.FailedBy,
	}
	if v.Kind == "" {
		v.Kind = string(ledger.KindSweep)
	}
	if !r.Closed.IsZero() {
		v.Closed = &r.Closed
	}
	if r.ResumedBy != "" && r.State != ledger.RunCancelled {
		v.By = r.ResumedBy
	}
	return v
}

func (v runView) row() []string {
	return []string{
		v.ID, v.Kind, v.State, v.Result, fmt.Sprint(v.Customers), fmt.Sprint(v.Expected),
		fmt.Sprint(v.Done), fmt.Sprint(v.Skipped), fmt.Sprint(v.Failed), fmt.Sprint(v.Pending), v.Note,
	}
}

var runHeader = []string{"RUN", "KIND", "STATE", "RESULT", "CUSTOMERS", "EXPECTED", "DONE", "SKIPPED", "FAILED", "PENDING", "NOTE"}

func runsListCommand(o *options) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "The newest runs and their sums", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := o.desk()
			if err != nil {
				return err
			}
			runs, err := d.ledger.Runs(cmd.Context(), max(limit, 0))
			if err != nil {
				return err
			}
			views, rows := []runView{}, [][]string{runHeader}
			for _, r := range runs {
				views = append(views, runOf(r))
				rows = append(rows, runOf(r).row())
			}
			if o.json() {
				return writeJSON(cmd.OutOrStdout(), map[string]any{"runs": views})
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Runs (%d)\n", len(views))
			table(cmd.OutOrStdout(), rows)
			return nil
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 10, "the newest so many; 0 for all")
	return cmd
}

func runsShowCommand(o *options) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "show RUN", Short: "One run, counted anew, and what failed in it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := o.desk()
			if err != nil {
				return err
			}
			run, err := d.ledger.Run(cmd.Context(), args[0])
			if err != nil {
				return explainRun(err, args[0])
			}
			var failed []outcomeView
			run.Sums, err = ledger.Tally(func(yield func(ledger.Outcome, error) bool) {
				for row, err := range d.ledger.Outcomes(cmd.Context(), run.ID) {
					if err == nil && row.State == sam.Failed && (limit <= 0 || len(failed) < limit) {
						failed = append(failed, outcomeOf(row))
					}
					if !yield(row, err) {
						return
					}
				}
			})
			if err != nil {
				return err
			}
			return o.tellRun(cmd.OutOrStdout(), run, failed)
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 50, "so many failed tasks; 0 for all")
	return cmd
}

func (o *options) tellRun(out io.Writer, run ledger.Run, failed []outcomeView) error {
	v := runOf(run)
	if o.json() {
		return writeJSON(out, map[string]any{"run": v, "failed": append([]outcomeView{}, failed...)})
	}
	table(out, [][]string{runHeader, v.row()})
	for _, by := range []struct {
		what string
		why  []string
	}{{"skipped", counts(v.SkippedBy)}, {"failed", counts(v.FailedBy)}} {
		for _, line := range by.why {
			fmt.Fprintf(out, "  %s: %s\n", by.what, line)
		}
	}
	if len(failed) > 0 {
		fmt.Fprintf(out, "\nFailed (%d of %d)\n", len(failed), v.Failed)
		table(out, outcomeRows(failed))
	}
	return nil
}

// counts lists "n why", in the order of the names.
func counts[K ~string](by map[K]int) []string {
	var lines []string
	for why, n := range by {
		lines = append(lines, fmt.Sprintf("%s %d", why, n))
	}
	slices.Sort(lines)
	return lines
}

func runsCancelCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use: "cancel RUN", Short: "Stop a run; what is open stays as it is until it is resumed", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := o.desk()
			if err != nil {
				return err
			}
			run, err := d.jobs.Cancel(cmd.Context(), args[0], o.person())
			if err != nil {
				return explainRun(err, args[0])
			}
			return o.tellRun(cmd.OutOrStdout(), run, nil)
		},
	}
	o.byFlag(cmd)
	return cmd
}

func runsResumeCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use: "resume RUN", Short: "Let a cancelled run go on, with a new deadline", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := o.desk()
			if err != nil {
				return err
			}
			run, sent, err := d.jobs.Resume(cmd.Context(), args[0], o.person())
			if err != nil {
				return explainRun(err, args[0])
			}
			if o.json() {
				return writeJSON(cmd.OutOrStdout(), map[string]any{"run": runOf(run), "sent": sent})
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d jobs sent\n", sent)
			return o.tellRun(cmd.OutOrStdout(), run, nil)
		},
	}
	o.byFlag(cmd)
	return cmd
}

// explainRun words what can be wrong with a run.
func explainRun(err error, id string) error {
	switch {
	case errors.Is(err, ledger.ErrAbsent):
		return fmt.Errorf("there is no run %q; `samctl runs list` names them", id)
	case errors.Is(err, jobs.ErrRunOver):
		return fmt.Errorf("the run %s has ended, so it can be neither cancelled nor resumed; what failed in it can be replayed with `samctl jobs replay --run`", id)
	}
	return err
}
