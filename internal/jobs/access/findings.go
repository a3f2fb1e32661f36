package access

import (
	"slices"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// Kinds of findings.
const (
	FindingMissing = "access_missing"
	FindingEnding  = "access_ending"
)

const day = 24 * time.Hour

// Findings folds the verdicts over the tasks: one finding for each permission
// that is missing, and one for each relationship that ends.
func Findings(now time.Time, verdicts []Verdict) []sam.Finding {
	var found []sam.Finding
	at := map[string]int{}
	tasks := map[string][]string{}
	for _, v := range verdicts {
		f, ok := finding(now, v)
		if !ok {
			continue
		}
		if _, folded := at[f.Key]; !folded {
			at[f.Key], found = len(found), append(found, f)
		}
		if !slices.Contains(tasks[f.Key], v.Task) {
			tasks[f.Key] = append(tasks[f.Key], v.Task)
		}
	}
	for i := range found {
		found[i].Detail = "Needed by: " + strings.Join(tasks[found[i].Key], ", ") + "."
	}
	return found
}

func finding(now time.Time, v Verdict) (sam.Finding, bool) {
	f := sam.Finding{Fix: v.Fix, Owner: v.Owner, Link: v.Link}
	switch v.State {
	case Missing:
		f.Kind, f.Key = FindingMissing, FindingMissing+"|"+string(v.Permission)
		f.Title, f.Severity = titles[v.Permission], severities[v.Permission]
	case Ending:
		f.Kind, f.Key = FindingEnding, FindingEnding+"|"+string(Relationship)+"|"+strings.ToLower(v.Through)
		f.Due = *v.Until
		f.Title = "Relationship " + quoted(v.name) + " ends on " + f.Due.Format(time.DateOnly)
		f.Severity = urgency(f.Due.Sub(now))
	case Present, Unknown, NotNeeded:
		return f, false
	}
	return f, true
}

var titles = map[Permission]string{
	Relationship:  "No delegated admin relationship is active",
	Assignment:    "The relationship is assigned to no group of the integration account",
	DirectoryRole: "No role to read the directory",
	ConsentRole:   "No role to renew the app's consent",
	Consent:       "The app's consent is missing or does not suffice",
	Azure:         "Azure cannot be read",
}

// severities follow what stands still: everything, a part, or only the mending.
var severities = map[Permission]sam.Severity{
	Relationship: sam.High, Assignment: sam.High, Consent: sam.High,
	DirectoryRole: sam.Medium, Azure: sam.Medium, ConsentRole: sam.Low,
}

// urgency rises as the end comes near.
func urgency(left time.Duration) sam.Severity {
	switch {
	case left <= day:
		return sam.Critical
	case left <= 7*day:
		return sam.High
	case left <= 30*day:
		return sam.Medium
	}
	return sam.Low
}
