package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

func jobsCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "jobs",
		Short: "Jobs that were given up: list, show, replay, dismiss",
		Long:  "Jobs that were given up: a message that failed five times, recorded with the reason of its last failure.\nWorks on the storage account: AzureWebJobsStorage, or AzureWebJobsStorage__accountName and `az login`.",
	}
	cmd.AddCommand(jobsListCommand(o), jobsShowCommand(o), jobsReplayCommand(o), jobsDismissCommand(o))
	return cmd
}

// choice is the flags that pick given-up jobs.
type choice struct {
	id, class, customer, run string
	limit                    int
}

func (c *choice) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.id, "id", "", "this one")
	cmd.Flags().StringVar(&c.class, "class", "", "whose last failure had this class: "+strings.Join(classes, ", "))
	cmd.Flags().StringVar(&c.customer, "customer", "", "of this customer, by tenant id")
	cmd.Flags().StringVar(&c.run, "run", "", "of this run")
}

// classes are the problem classes, by name.
var classes = []string{
	string(sam.ClassRetry), string(sam.ClassReconsent), string(sam.ClassCredential),
	string(sam.ClassCustomer), string(sam.ClassPolicy), string(sam.ClassConfiguration),
}

// filter checks the flags.
func (c *choice) filter() (jobs.Filter, error) {
	f := jobs.Filter{ID: c.id, Class: sam.Class(c.class), Run: c.run, Limit: c.limit}
	if c.class != "" && !slices.Contains(classes, c.class) {
		return f, fmt.Errorf("--class is one of %s, not %q", strings.Join(classes, ", "), c.class)
	}
	if c.customer != "" {
		id, err := sam.ParseCustomerID(c.customer)
		if err != nil {
			return f, fmt.Errorf("--customer is the customer's tenant id, a GUID, not %q", c.customer)
		}
		f.Customer = id
	}
	if c.limit < 0 {
		return f, fmt.Errorf("--limit is 0 for no limit, or more, not %d", c.limit)
	}
	return f, nil
}

func jobsListCommand(o *options) *cobra.Command {
	var c choice
	var all bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Given-up jobs that nobody replayed yet, newest first",
		Example: "  samctl jobs list --class configuration\n  samctl jobs list --customer 6f9ad0c2-… --replayed -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := c.filter()
			if err != nil {
				return err
			}
			f.Replayed = all
			d, err := o.desk()
			if err != nil {
				return err
			}
			found, err := d.jobs.PoisonedList(cmd.Context(), f)
			if err != nil {
				return explainAbsent(err, c.id)
			}
			return o.tellJobs(cmd.OutOrStdout(), found)
		},
	}
	c.flags(cmd)
	cmd.Flags().BoolVar(&all, "replayed", false, "also those that were replayed")
	cmd.Flags().IntVar(&c.limit, "limit", 50, "the newest so many; 0 for all")
	return cmd
}

func jobsShowCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "One given-up job: why, what it asked for, how its tasks stand now",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := o.desk()
			if err != nil {
				return err
			}
			p, err := d.jobs.Poisoned(cmd.Context(), args[0])
			if err != nil {
				return explainAbsent(err, args[0])
			}
			var now []ledger.Outcome
			if !p.Foreign {
				if now, err = d.ledger.Job(cmd.Context(), p.Run, p.Customer); err != nil {
					return err
				}
			}
			return o.tellJob(cmd.OutOrStdout(), p, now)
		},
	}
}

func explainAbsent(err error, id string) error {
	if errors.Is(err, ledger.ErrAbsent) {
		return fmt.Errorf("there is no given-up job %q; `samctl jobs list --replayed` names all of them", id)
	}
	return err
}

// askAbove is how many jobs are replayed without --yes.
const askAbove = 20

func jobsReplayCommand(o *options) *cobra.Command {
	var c choice
	var all, dry, yes bool
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Give given-up jobs another chance",
		Long: "Replays the chosen jobs: in their own run while it is open, otherwise in a new run of just what is missing.\n" +
			"What was done since, or is about to be done, is not sent again; doing it twice is harmless.\n" +
			"Exit code 1: some could not be replayed; the output says which and why.",
		Example: "  samctl jobs replay --class retry --dry-run\n  samctl jobs replay --id 20261121T213000Z-9c41d2e8a7b60f13\n  samctl jobs replay --all --yes",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := c.filter()
			if err != nil {
				return err
			}
			if f.ID == "" && f.Class == "" && f.Customer == "" && f.Run == "" && !all {
				return errors.New("which jobs? give --id, --class, --customer or --run, or --all for all that nobody replayed")
			}
			d, err := o.desk()
			if err != nil {
				return err
			}
			report, err := d.replay(cmd, f, o.person(), dry, yes)
			if err != nil {
				return explainAbsent(err, c.id)
			}
			return o.tellReplay(cmd.OutOrStdout(), report)
		},
	}
	c.flags(cmd)
	cmd.Flags().IntVar(&c.limit, "limit", 0, "the newest so many; 0 for all")
	cmd.Flags().BoolVar(&all, "all", false, "all that nobody replayed")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say what would be done, and do nothing")
	cmd.Flags().BoolVar(&yes, "yes", false, fmt.Sprintf("go ahead with more than %d jobs", askAbove))
	o.byFlag(cmd)
	return cmd
}

// replay asks first when it would be many.
func (d *desk) replay(cmd *cobra.Command, f jobs.Filter, by string, dry, yes bool) (jobs.Report, error) {
	if !dry && !yes {
		planned, err := d.jobs.Replay(cmd.Context(), f, by, true)
		if err != nil {
			return planned, err
		}
		if n := planned.Count(jobs.Rejoins, jobs.Opens); n > askAbove {
			return planned, fmt.Errorf("this would replay %d jobs: look at them with --dry-run, then add --yes", n)
		}
	}
	report, err := d.jobs.Replay(cmd.Context(), f, by, dry)
	if errors.Is(err, jobs.ErrHeld) {
		return report, errors.New("another replay is at work: try again when it is done")
	}
	return report, err
}

func jobsDismissCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use: "dismiss ID", Short: "Take a given-up job off the list without doing it again", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := o.desk()
			if err != nil {
				return err
			}
			did, err := d.jobs.Dismiss(cmd.Context(), args[0], o.person())
			if err != nil {
				return explainAbsent(err, args[0])
			}
			if o.json() {
				return writeJSON(cmd.OutOrStdout(), map[string]any{"id": args[0], "dismissed": did})
			}
			if !did {
				fmt.Fprintln(cmd.OutOrStdout(), "Somebody took care of it already.")
				return nil
			}
			fmt.Fprintln(cmd.OutOrStdout(), "Dismissed.")
			return nil
		},
	}
	o.byFlag(cmd)
	return cmd
}
