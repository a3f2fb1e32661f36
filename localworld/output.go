package localworld

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"
)

// Progress tells a person how a long command is getting on: one line a step,
// rewritten in place while it lasts when the output is a terminal.
type Progress struct {
	Out io.Writer
	// Live is set when Out is a terminal that can rewrite its last line.
	Live bool
	now  func() time.Time
	from time.Time
	last string
}

// Begin starts the clock of a step.
func (p *Progress) Begin() {
	if p.now == nil {
		p.now = time.Now
	}
	p.from = p.now()
}

// Update shows where the step stands; without a terminal a line is printed
// only when the text changed.
func (p *Progress) Update(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if text == p.last {
		return
	}
	p.last = text
	if p.Live {
		fmt.Fprintf(p.Out, "\r\033[K  … %s", text)
		return
	}
	fmt.Fprintf(p.Out, "  … %s\n", text)
}

// Done ends the step with what came of it and how long it took.
func (p *Progress) Done(format string, args ...any) {
	if p.Live {
		fmt.Fprint(p.Out, "\r\033[K")
	}
	fmt.Fprintf(p.Out, "  ✓ %-84s %5.1f s\n", fmt.Sprintf(format, args...), p.now().Sub(p.from).Seconds())
	p.last = ""
}

// Result prints what a sweep found: findings by kind, customers without access
// by reason, failures, and the sums.
func Result(out io.Writer, status *Status) {
	fmt.Fprintf(out, "\nWhat is wrong (%d findings)\n", status.FindingsNum)
	table(out, findingRows(status.Findings))
	fmt.Fprintf(out, "\nWho cannot be visited in full, and why (%d customers)\n", len(status.NoAccess))
	table(out, accessRows(status.NoAccess))
	if len(status.Failures) > 0 {
		fmt.Fprintf(out, "\nWhat failed (%d)\n", len(status.Failures))
		table(out, failureRows(status.Failures))
	}
	if run := status.Newest(); run != nil {
		fmt.Fprintf(out, "\nSums of run %s (%s)\n", run.ID, run.State)
		table(out, sumRows(run))
	}
}

func findingRows(list []Finding) [][]string {
	rows := [][]string{{"SEVERITY", "KIND", "COUNT", "CUSTOMERS", "FOR EXAMPLE"}}
	groups := group(list, func(f Finding) string { return severityRank(f.Severity) + f.Severity + "|" + f.Kind })
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		g := groups[key]
		customers := group(g, func(f Finding) string { return f.Customer })
		rows = append(rows, []string{g[0].Severity, g[0].Kind, fmt.Sprint(len(g)), fmt.Sprint(len(customers)), clip(g[0].Name+": "+g[0].Title, 70)})
	}
	return rows
}

func accessRows(list []NoAccess) [][]string {
	rows := [][]string{{"WHY", "CUSTOMERS", "WHOSE TURN", "FOR EXAMPLE", "FIX"}}
	groups := group(list, func(n NoAccess) string { return n.Reason })
	for _, reason := range slices.Sorted(maps.Keys(groups)) {
		g := groups[reason]
		rows = append(rows, []string{reason, fmt.Sprint(len(g)), g[0].Owner, clip(g[0].Name, 24), clip(g[0].Fix, 70)})
	}
	return rows
}

func failureRows(list []Failure) [][]string {
	rows := [][]string{{"CLASS", "CODE", "TASK", "COUNT", "WHAT"}}
	groups := group(list, func(f Failure) string { return f.Class + "|" + f.Code + "|" + f.Task })
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		g := groups[key]
		rows = append(rows, []string{g[0].Class, g[0].Code, g[0].Task, fmt.Sprint(len(g)), clip(g[0].Plain, 70)})
	}
	return rows
}

func sumRows(run *Run) [][]string {
	rows := [][]string{{"OUTCOME", "TASKS", "OF WHICH"}}
	rows = append(rows,
		[]string{"expected", fmt.Sprint(run.Expected), fmt.Sprintf("%d customers × %s", run.Customers, strings.Join(run.Tasks, ", "))},
		[]string{"done", fmt.Sprint(run.Done), ""},
		[]string{"skipped", fmt.Sprint(run.Skipped), counts(run.SkippedBy)},
		[]string{"failed", fmt.Sprint(run.Failed), counts(run.FailedBy)},
		[]string{"not yet", fmt.Sprint(run.Pending), ""})
	return rows
}

func table(out io.Writer, rows [][]string) {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, "  "+strings.Join(row, "\t"))
	}
	_ = w.Flush()
}

func group[T any](list []T, by func(T) string) map[string][]T {
	groups := map[string][]T{}
	for _, item := range list {
		groups[by(item)] = append(groups[by(item)], item)
	}
	return groups
}

func counts(m map[string]int) string {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b))
	})
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = fmt.Sprintf("%d %s", m[k], k)
	}
	return strings.Join(parts, ", ")
}

func severityRank(s string) string {
	return fmt.Sprint(1 + slices.Index([]string{"critical", "high", "medium", "low"}, s))
}

func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:n-1])) + "…"
}
