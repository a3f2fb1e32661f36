package peer

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Print writes the report for a person.
func (r *Report) Print(out io.Writer) error {
	fmt.Fprintf(out, "\n%d customers, %d jobs a sweep, seed %d, %s before every answer of the simulated cloud; %d cores, %s, node %s\n\n",
		r.Customers, r.Jobs, r.Seed, r.Latency, r.Cores, r.Go, r.Node)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "\t%s\t%s\tratio\tgoal\t\t\n", Samkeeper, Node)
	for _, l := range r.Lines {
		goal, verdict := "", ""
		if l.Goal > 0 {
			goal = fmt.Sprintf(">= %.0f", l.Goal)
			verdict = "MISSED"
			if l.Met() {
				verdict = "met"
			}
		}
		name := l.What
		if l.Unit != "" {
			name += ", " + l.Unit
		}
		fmt.Fprintf(table, "%s\t%.2f\t%.2f\t%.2f\t%s\t%s\t\n", name, l.Ours, l.Peers, l.Ratio, goal, verdict)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return r.printRequests(out)
}

// printRequests writes what the sides asked the simulated cloud in their last
// sweep; what differs is marked.
func (r *Report) printRequests(out io.Writer) error {
	fmt.Fprintf(out, "\nRequests to the simulated cloud in one sweep (* differs):\n")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\t%s\t%s\t\n", Samkeeper, Node)
	for _, m := range r.Requests {
		mark := ""
		if m.Ours != m.Peers {
			mark = "*"
		}
		fmt.Fprintf(table, "%s %s %s %d\t%d\t%d\t%s\n", m.Host, m.Method, m.Route, m.Status, m.Ours, m.Peers, mark)
	}
	return table.Flush()
}
