package main

import (
	"fmt"
	"io"

	"github.com/samkeeper/samkeeper/internal/statuspage"
)

// tellPermissions is the relationship radar in brief; JSON names the customers.
func tellPermissions(out io.Writer, a statuspage.Radar) {
	if !a.Watched && len(a.Missing) == 0 && len(a.Ending) == 0 {
		return
	}
	fmt.Fprintf(out, "\nPermissions missing (%d)\n", a.Lacks())
	rows := [][]string{{"SEVERITY", "CUSTOMERS", "WHAT", "WHOSE TURN", "FIX"}}
	for _, p := range a.Missing {
		fix := p.Fix
		if fix == "" {
			fix = "named with each customer on the status page"
		}
		rows = append(rows, []string{string(p.Severity), fmt.Sprintf("%d of %d", p.Count, a.Customers), p.Title, string(p.Owner), fix})
	}
	table(out, rows)
	fmt.Fprintf(out, "\nRelationships ending within 90 days (%d)\n", len(a.Ending))
	rows = [][]string{{"ENDS", "DAYS LEFT", "SEVERITY", "CUSTOMER"}}
	for _, e := range a.Ending {
		if e.On == nil { // no version of the app leaves it out
			continue
		}
		rows = append(rows, []string{e.On.Format("2006-01-02 15:04"), fmt.Sprint(e.DaysLeft), string(e.Severity), e.Name})
	}
	table(out, rows)
}
