package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/samkeeper/samkeeper/internal/statuspage"
)

func statusCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Connections, the newest run, findings, who has no access and why",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			const path = "/api/status"
			body, code, err := o.ask(cmd.Context(), path)
			if err != nil {
				return err
			}
			if code != http.StatusOK {
				return explain(path, code)
			}
			var status statuspage.Status
			if err := json.Unmarshal(body, &status); err != nil {
				return fmt.Errorf("the app's status is not readable: %w", err)
			}
			if err := o.tellStatus(cmd.OutOrStdout(), body, status); err != nil {
				return err
			}
			return judge(status)
		},
	}
}

// judge decides the exit code: findings at customers are the daily work, a
// connection that is not healthy, a task given up or a part of samkeeper that
// has fallen silent wants a person.
func judge(s statuspage.Status) error {
	for _, c := range s.Connections {
		if c.State != statuspage.Healthy {
			return errWrong
		}
	}
	if len(s.Connections) == 0 || len(s.Failures) > 0 || len(s.Silent) > 0 {
		return errWrong
	}
	return nil
}

func (o *options) tellStatus(out io.Writer, body []byte, s statuspage.Status) error {
	if o.json() {
		var indented bytes.Buffer
		if err := json.Indent(&indented, body, "", "  "); err != nil {
			return fmt.Errorf("the app's status is not readable: %w", err)
		}
		fmt.Fprintln(out, indented.String())
		return nil
	}
	fmt.Fprintf(out, "Connections\n")
	if len(s.Connections) == 0 {
		fmt.Fprintln(out, "  none yet: open the consent page and sign in once (samctl check tells its address)")
	} else {
		table(out, connectionRows(s))
	}
	fmt.Fprintf(out, "\nNewest runs\n")
	table(out, runRows(s))
	fmt.Fprintf(out, "\nFindings (%d open)\n", s.FindingsOpen)
	table(out, findingRows(s))
	fmt.Fprintf(out, "\nNo full access (%d customers)\n", len(s.NoAccess))
	table(out, accessRows(s))
	tellPermissions(out, s.Access)
	if len(s.Failures) > 0 {
		fmt.Fprintf(out, "\nGiven up (%d tasks)\n", len(s.Failures))
		table(out, failureRows(s))
	}
	for _, silent := range s.Silent {
		fmt.Fprintf(out, "\nSilent: %s %s\n", silent.Plain, silent.Fix)
	}
	return nil
}

func connectionRows(s statuspage.Status) [][]string {
	rows := [][]string{{"STATE", "ACCOUNT", "KIND", "ROLE", "DAYS LEFT", "PROVED", "MFA", "WHAT"}}
	for _, c := range s.Connections {
		what := c.Why
		if c.Problem != nil {
			what = c.Problem.Plain + " " + c.Problem.Fix
		}
		rows = append(rows, []string{string(c.State), c.UPN, string(c.Kind), role(c), fmt.Sprint(c.DaysLeft), yes(c.Proved), yes(c.MFA), what})
	}
	return rows
}

// role is a connection's place among those of its tenant; the one that serves
// the customers now is marked.
func role(c statuspage.Connection) string {
	if c.Serving {
		return string(c.Role) + ", serving"
	}
	return string(c.Role)
}

// recentRuns is how many runs the text shows; JSON has all.
const recentRuns = 5

func runRows(s statuspage.Status) [][]string {
	rows := [][]string{{"RUN", "KIND", "STATE", "RESULT", "CUSTOMERS", "EXPECTED", "DONE", "SKIPPED", "FAILED", "PENDING", "NOTE"}}
	for _, r := range s.Runs[:min(recentRuns, len(s.Runs))] {
		rows = append(rows, []string{
			r.ID, string(r.Kind), string(r.State), result(r), fmt.Sprint(r.Customers), fmt.Sprint(r.Expected),
			fmt.Sprint(r.Done), fmt.Sprint(r.Skipped), fmt.Sprint(r.Failed), fmt.Sprint(r.Pending), r.Note,
		})
	}
	return rows
}

// result is what came of a run; one under way may be waiting for a connection.
func result(r statuspage.Run) string {
	if r.Held != nil {
		return "waits for a connection"
	}
	if r.Result == "" {
		return "-"
	}
	return string(r.Result)
}

func findingRows(s statuspage.Status) [][]string {
	rows := [][]string{{"SEVERITY", "CUSTOMER", "WHAT", "SINCE"}}
	for _, f := range s.Findings {
		since := ""
		if f.Since != nil {
			since = f.Since.Format("2006-01-02 15:04")
		}
		rows = append(rows, []string{string(f.Severity), f.CustomerName, f.Title, since})
	}
	return rows
}

func accessRows(s statuspage.Status) [][]string {
	rows := [][]string{{"WHY", "CUSTOMER", "WHOSE TURN", "FIX"}}
	for _, n := range s.NoAccess {
		rows = append(rows, []string{string(n.Reason), n.Name, string(n.Owner), n.Fix})
	}
	return rows
}

func failureRows(s statuspage.Status) [][]string {
	rows := [][]string{{"CLASS", "CODE", "CUSTOMER", "TASK", "WHAT", "REQUEST"}}
	for _, f := range s.Failures {
		rows = append(rows, []string{string(f.Class), f.Code, f.CustomerName, f.Task, f.Plain, f.RequestID})
	}
	return rows
}

func table(out io.Writer, rows [][]string) {
	if len(rows) == 1 {
		fmt.Fprintln(out, "  none")
		return
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.TrimRight("  "+strings.Join(row, "\t"), "\t "))
	}
	_ = w.Flush()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
