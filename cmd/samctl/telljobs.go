package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
)

// jobView is a given-up job in JSON. Members may be added, never renamed.
type jobView struct {
	ID           string     `json:"id"`
	At           time.Time  `json:"at"`
	Run          string     `json:"run,omitempty"`
	Customer     string     `json:"customer,omitempty"`
	Tasks        []string   `json:"tasks"`
	Try          int        `json:"try,omitempty"`
	Foreign      bool       `json:"foreign"`
	Class        string     `json:"class"`
	Code         string     `json:"code"`
	Plain        string     `json:"plain"`
	Fix          string     `json:"fix"`
	RequestID    string     `json:"request_id,omitempty"`
	Size         int        `json:"size"`
	Body         string     `json:"body"`
	ReplayedAt   *time.Time `json:"replayed_at,omitempty"`
	ReplayedBy   string     `json:"replayed_by,omitempty"`
	ReplayedInto string     `json:"replayed_into,omitempty"`
}

func viewOf(p ledger.Poisoned) jobView {
	v := jobView{
		ID: p.ID, At: p.At, Run: p.Run, Customer: string(p.Customer), Tasks: append([]string{}, p.Tasks...), Try: p.Try, Foreign: p.Foreign,
		Class: string(p.Class), Code: p.Code, Plain: safe(p.Plain), Fix: safe(p.Fix), RequestID: p.RequestID, Size: p.Size, Body: safe(p.Body),
		ReplayedBy: p.ReplayedBy, ReplayedInto: p.ReplayedInto,
	}
	if p.Replayed() {
		v.ReplayedAt = &p.ReplayedAt
	}
	return v
}

// outcomeView is how a task stands.
type outcomeView struct {
	Customer  string    `json:"customer"`
	Task      string    `json:"task"`
	State     string    `json:"state"`
	Reason    string    `json:"reason,omitempty"`
	Class     string    `json:"class,omitempty"`
	Code      string    `json:"code,omitempty"`
	Plain     string    `json:"plain,omitempty"`
	Fix       string    `json:"fix,omitempty"`
	RequestID string    `json:"request_id,omitempty"`
	Try       int       `json:"try"`
	UpdatedAt time.Time `json:"updated_at"`
}

func outcomeOf(o ledger.Outcome) outcomeView {
	return outcomeView{
		Customer: string(o.Customer), Task: o.Task, State: string(o.State), Reason: string(o.Reason), Class: string(o.Class), Code: o.Code,
		Plain: safe(o.Plain), Fix: safe(o.Fix), RequestID: o.RequestID, Try: o.Try, UpdatedAt: o.UpdatedAt,
	}
}

func (o *options) tellJobs(out io.Writer, found []ledger.Poisoned) error {
	views := make([]jobView, len(found))
	for i, p := range found {
		views[i] = viewOf(p)
	}
	if o.json() {
		return writeJSON(out, map[string]any{"jobs": views})
	}
	rows := [][]string{{"ID", "CLASS", "CODE", "CUSTOMER", "TASKS", "RUN", "REPLAYED"}}
	for _, v := range views {
		who := v.Customer
		if v.Foreign {
			who = "(foreign message)"
		}
		rows = append(rows, []string{v.ID, v.Class, v.Code, who, strings.Join(v.Tasks, ","), v.Run, moment(v.ReplayedAt)})
	}
	fmt.Fprintf(out, "Given-up jobs (%d)\n", len(views))
	table(out, rows)
	return nil
}

func (o *options) tellJob(out io.Writer, p ledger.Poisoned, now []ledger.Outcome) error {
	v := viewOf(p)
	states := make([]outcomeView, len(now))
	for i, row := range now {
		states[i] = outcomeOf(row)
	}
	if o.json() {
		return writeJSON(out, map[string]any{"job": v, "now": states})
	}
	pairs(out, [][2]string{
		{"id", v.ID}, {"given up", v.At.Format(time.RFC3339)}, {"run", v.Run}, {"customer", v.Customer}, {"tasks", strings.Join(v.Tasks, ", ")},
		{"class", v.Class}, {"code", v.Code}, {"why", v.Plain}, {"fix", v.Fix}, {"request", v.RequestID},
		{"message", fmt.Sprintf("%d bytes: %s", v.Size, v.Body)},
		{"replayed", replayedLine(v)},
	})
	if len(states) > 0 {
		fmt.Fprintln(out, "\nIts tasks now")
		table(out, outcomeRows(states))
	}
	return nil
}

func replayedLine(v jobView) string {
	switch {
	case v.ReplayedAt != nil && v.ReplayedInto == "":
		return fmt.Sprintf("dismissed %s by %s", moment(v.ReplayedAt), v.ReplayedBy)
	case v.Foreign:
		return "no: a foreign message cannot be replayed; `samctl jobs dismiss " + v.ID + "`"
	case v.ReplayedAt == nil:
		return "no: `samctl jobs replay --id " + v.ID + "`"
	}
	return fmt.Sprintf("%s by %s into run %s", moment(v.ReplayedAt), v.ReplayedBy, v.ReplayedInto)
}

func outcomeRows(states []outcomeView) [][]string {
	rows := [][]string{{"CUSTOMER", "TASK", "STATE", "CLASS", "CODE", "WHAT"}}
	for _, s := range states {
		class := s.Class
		if s.Reason != "" {
			class = s.Reason
		}
		rows = append(rows, []string{s.Customer, s.Task, s.State, class, s.Code, s.Plain})
	}
	return rows
}

// replayView is a replay in JSON. Members may be added, never renamed.
type replayView struct {
	DryRun   bool         `json:"dry_run"`
	Sent     int          `json:"sent"`
	Settled  int          `json:"settled"` // nothing was left to send
	Refused  int          `json:"refused"`
	Messages []replayItem `json:"jobs"`
}

type replayItem struct {
	ID       string   `json:"id"`
	Customer string   `json:"customer,omitempty"`
	Class    string   `json:"class"`
	Verdict  string   `json:"verdict"`
	Run      string   `json:"run,omitempty"`
	Tasks    []string `json:"tasks"`
	Plain    string   `json:"plain"`
}

// tellReplay ends with errWrong when a job could not be replayed.
func (o *options) tellReplay(out io.Writer, r jobs.Report) error {
	v := replayView{DryRun: r.DryRun, Messages: []replayItem{}}
	for _, item := range r.Items {
		switch {
		case item.Verdict.Sends():
			v.Sent++
		case item.Verdict.Settles(), item.Verdict == jobs.ReplayedBefore:
			v.Settled++
		default:
			v.Refused++
		}
		v.Messages = append(v.Messages, replayItem{
			ID: item.Message.ID, Customer: string(item.Message.Customer), Class: string(item.Message.Class), Verdict: string(item.Verdict),
			Run: item.Run, Tasks: append([]string{}, item.Tasks...), Plain: safe(item.Plain),
		})
	}
	if err := o.writeReplay(out, v); err != nil {
		return err
	}
	if v.Refused > 0 {
		return errWrong
	}
	return nil
}

func (o *options) writeReplay(out io.Writer, v replayView) error {
	if o.json() {
		return writeJSON(out, v)
	}
	heading := "Replayed"
	if v.DryRun {
		heading = "Would be replayed"
	}
	fmt.Fprintf(out, "%s: %d sent, %d need nothing, %d refused\n", heading, v.Sent, v.Settled, v.Refused)
	rows := [][]string{{"ID", "VERDICT", "CUSTOMER", "TASKS", "RUN", "WHY"}}
	for _, m := range v.Messages {
		rows = append(rows, []string{m.ID, m.Verdict, m.Customer, strings.Join(m.Tasks, ","), m.Run, m.Plain})
	}
	table(out, rows)
	return nil
}
