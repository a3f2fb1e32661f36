package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/serving"
)

func connectionsCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "connections",
		Short: "Connections: list, make primary, switch off and on",
		Long:  "Connections and which one serves. CONNECTION is its id or its account's sign-in name.\nWorks on the storage account: AzureWebJobsStorage, or AzureWebJobsStorage__accountName and `az login`.",
	}
	cmd.AddCommand(
		connectionsListCommand(o),
		changeCommand(o, "primary", "Let this one serve before the standbys of its tenant", makePrimary),
		changeCommand(o, "disable", "Switch it off: it serves nobody, and a standby takes over", disable),
		changeCommand(o, "enable", "Switch it on again", enable),
	)
	return cmd
}

// connectionView is a connection in JSON. Members may be added, never renamed.
type connectionView struct {
	ID       string    `json:"id"`
	Account  string    `json:"account"`
	Kind     string    `json:"kind"`
	Role     string    `json:"role"`
	Serving  bool      `json:"serving"`
	Out      string    `json:"out,omitempty"` // what keeps it from serving
	Disabled bool      `json:"disabled"`
	Expires  time.Time `json:"expires"`
}

func connectionViews(all []ledger.Connection, now time.Time) []connectionView {
	views := []connectionView{}
	for _, bench := range serving.Benches(all) {
		serves, _ := bench.Serving(now)
		for i, c := range bench {
			views = append(views, connectionView{
				ID: string(c.ID), Account: c.UPN, Kind: string(c.Kind), Role: string(bench.Role(i)), Serving: c.ID == serves.ID,
				Out: string(serving.Fitness(c, now)), Disabled: c.Disabled, Expires: c.Expires,
			})
		}
	}
	return views
}

func connectionsListCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "All connections, by tenant, the first choice first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := o.desk()
			if err != nil {
				return err
			}
			all, err := d.ledger.Connections(cmd.Context())
			if err != nil {
				return err
			}
			views := connectionViews(all, time.Now())
			if o.json() {
				return writeJSON(cmd.OutOrStdout(), map[string]any{"connections": views})
			}
			rows := [][]string{{"ID", "ACCOUNT", "KIND", "ROLE", "SERVES", "EXPIRES", "OUT BECAUSE"}}
			for _, v := range views {
				rows = append(rows, []string{v.ID, v.Account, v.Kind, v.Role, yes(v.Serving), moment(&v.Expires), v.Out})
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Connections (%d)\n", len(views))
			table(cmd.OutOrStdout(), rows)
			return nil
		},
	}
}

// change is one verb: what it does to the chosen connection, and to the others
// of its bench (nil: nothing). Both report whether there was anything to do.
type change struct {
	done   string
	chosen func(*ledger.Connection) bool
	others func(*ledger.Connection) bool
}

var (
	makePrimary = change{"is primary", func(c *ledger.Connection) bool { return set(&c.Primary, true) }, func(c *ledger.Connection) bool { return set(&c.Primary, false) }}
	disable     = change{"is switched off", func(c *ledger.Connection) bool { return set(&c.Disabled, true) }, nil}
	enable      = change{"is switched on", func(c *ledger.Connection) bool { return set(&c.Disabled, false) }, nil}
)

func set(field *bool, to bool) bool {
	changed := *field != to
	*field = to
	return changed
}

func changeCommand(o *options, verb, short string, what change) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: verb + " CONNECTION", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := o.desk()
			if err != nil {
				return err
			}
			all, err := d.ledger.Connections(cmd.Context())
			if err != nil {
				return err
			}
			c, err := pick(all, args[0])
			if err != nil {
				return err
			}
			if !yes && leavesNobody(all, c, what, time.Now()) {
				return fmt.Errorf("nobody would serve the customers of %s then: sweeps would wait. Add --yes if that is what you want", c.UPN)
			}
			if err := d.change(cmd.Context(), all, c.ID, verb, what, o.person()); err != nil {
				return err
			}
			return o.tellChange(cmd, d, c, what)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "go ahead even if nobody serves the customers then")
	o.byFlag(cmd)
	return cmd
}

// pick finds a connection by id or by its account's sign-in name.
func pick(all []ledger.Connection, name string) (ledger.Connection, error) {
	var found []ledger.Connection
	for _, c := range all {
		if strings.EqualFold(string(c.ID), name) || strings.EqualFold(c.UPN, name) {
			found = append(found, c)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return ledger.Connection{}, fmt.Errorf("there is no connection %q; `samctl connections list` names them", name)
	}
	return ledger.Connection{}, fmt.Errorf("several connections are called %q; give the id", name)
}

// leavesNobody reports whether the change takes out the last one that serves.
func leavesNobody(all []ledger.Connection, c ledger.Connection, what change, now time.Time) bool {
	bench, _ := serving.Of(serving.Benches(all), c.ID)
	if _, before := bench.Serving(now); !before {
		return false
	}
	for i := range bench {
		if bench[i].ID == c.ID {
			what.chosen(&bench[i])
		}
	}
	_, after := bench.Serving(now)
	return !after
}

// change writes the change, the chosen connection first: two that are primary
// for a moment have an order, none would not be what was asked for.
func (d *desk) change(ctx context.Context, all []ledger.Connection, id sam.ConnectionID, verb string, what change, by string) error {
	if err := d.note(ctx, id, verb, ledger.PhaseIntent, by); err != nil {
		return err
	}
	if _, err := d.ledger.ChangeConnection(ctx, id, what.chosen); err != nil {
		return err
	}
	bench, _ := serving.Of(serving.Benches(all), id)
	for _, other := range bench {
		if other.ID == id || what.others == nil {
			continue
		}
		if _, err := d.ledger.ChangeConnection(ctx, other.ID, what.others); err != nil && !errors.Is(err, ledger.ErrAbsent) {
			return err
		}
	}
	return d.note(ctx, id, verb, ledger.PhaseOutcome, by)
}

func (d *desk) note(ctx context.Context, id sam.ConnectionID, verb, phase, by string) error {
	return d.ledger.Record(ctx, ledger.Audit{Action: "connection", Phase: phase, Subject: string(id), Result: verb, Detail: "by " + by})
}

func (o *options) tellChange(cmd *cobra.Command, d *desk, c ledger.Connection, what change) error {
	all, err := d.ledger.Connections(cmd.Context())
	if err != nil {
		return err
	}
	views := connectionViews(all, time.Now())
	if o.json() {
		return writeJSON(cmd.OutOrStdout(), map[string]any{"connections": views})
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s %s.\n", c.UPN, what.done)
	for _, v := range views {
		if v.Serving && sam.ConnectionID(v.ID).Tenant() == c.ID.Tenant() {
			fmt.Fprintf(cmd.OutOrStdout(), "%s serves.\n", v.Account)
		}
	}
	return nil
}
