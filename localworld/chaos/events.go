package chaos

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// eventBook is every event of the findings queue, repeats apart: by what is
// wrong ("<customer> <task> <subject>"), the keys in the order of their times.
type eventBook map[string]map[string]event

type event struct {
	Key      string `json:"key"`
	Type     string `json:"type"`
	At       string `json:"at"` // RFC 3339, UTC: sorts as text
	Customer string `json:"customer"`
	Task     string `json:"task"`
	Subject  string `json:"subject"`
}

// note takes one message; it returns whether the event was known.
func (b eventBook) note(body []byte) (repeat bool, err error) {
	var e event
	if err := json.Unmarshal(body, &e); err != nil || e.Key == "" {
		return false, fmt.Errorf("an event that is none: %.200q: %w", body, err)
	}
	about := e.Customer + " " + e.Task + " " + e.Subject
	if b[about] == nil {
		b[about] = map[string]event{}
	}
	_, repeat = b[about][e.Key]
	b[about][e.Key] = e
	return repeat, nil
}

// story is what happened to one finding: "opened", "opened closed", …
func (b eventBook) story(about string) string {
	var all []event
	for _, e := range b[about] {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b event) int { return strings.Compare(a.At+a.Type, b.At+b.Type) })
	words := make([]string, len(all))
	for i, e := range all {
		words[i] = e.Type
	}
	return strings.Join(words, " ")
}

// wanted is the story of each finding that the sweeps must have told: opened in
// the first sweep that has it, closed in the first that has it not. A sweep
// that does not do the task at the customer changes nothing.
func wanted(sweeps []*sweep) map[string]string {
	stories, open := map[string]string{}, map[string]bool{}
	for _, w := range sweeps {
		has, done := map[string]bool{}, map[string]bool{}
		for _, o := range w.want.Outcomes {
			done[o.Customer+" "+o.Task] = o.State == "done"
		}
		for _, f := range w.want.Findings {
			has[f.Customer+" "+f.Task+" "+f.Key] = true
		}
		for about := range has {
			if !open[about] {
				stories[about] = strings.TrimSpace(stories[about] + " opened")
				open[about] = true
			}
		}
		for about, is := range open {
			customer, rest, _ := strings.Cut(about, " ")
			task, _, _ := strings.Cut(rest, " ")
			if is && !has[about] && done[customer+" "+task] {
				stories[about] += " closed"
				open[about] = false
			}
		}
	}
	return stories
}
