package statuspage

import (
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/samkeeper/samkeeper/internal/htmlpage"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

//go:embed page.html
var content string

// shownRows bounds the tables of the page; the JSON has all rows.
const shownRows = 200

// page is parsed on first use: a queue instance never needs it.
var page = sync.OnceValue(func() *template.Template {
	return htmlpage.Parse(content, template.FuncMap{
		"clock": func(t time.Time) string { return when(&t) }, "when": when, "ago": ago, "tone": tone, "words": words, "reasons": counts[sam.Reason], "classes": counts[sam.Class], "severities": counts[sam.Severity], "more": more, "reach": func(r sam.Reach) string { return reaches[r] }, "share": share, "add": func(a, b float64) float64 { return a + b },
	})
})

// view is what the template sees.
type view struct {
	Status
	Worst         State
	Severities    map[sam.Severity]int
	FindingsMore  int
	LatestRun     *Run
	FailuresTotal int
	NoAccessTotal int
	EndingTotal   int
	EndingMore    int
}

// WriteHTML sends the status as a page.
func WriteHTML(w http.ResponseWriter, s Status) error {
	return htmlpage.Write(w, http.StatusOK, page(), newView(s))
}

func newView(s Status) view {
	v := view{Status: s, Worst: Healthy, Severities: map[sam.Severity]int{}, FailuresTotal: len(s.Failures), NoAccessTotal: len(s.NoAccess)}
	for _, c := range s.Connections {
		if c.State == Broken || c.State == Warning && v.Worst == Healthy {
			v.Worst = c.State
		}
	}
	for _, f := range s.Findings {
		v.Severities[f.Severity]++
	}
	if i := slices.IndexFunc(s.Runs, func(r Run) bool { return r.Kind == ledger.KindSweep }); i >= 0 {
		v.LatestRun = &s.Runs[i]
	}
	v.Findings, v.FindingsMore = cut(slices.DeleteFunc(slices.Clone(s.Findings), ofRadar))
	v.EndingTotal = len(s.Access.Ending)
	v.Access, v.EndingMore = cutRadar(s.Access)
	v.Folded = Folded{Failures: cutRows(s.Folded.Failures), NoAccess: cutRows(s.Folded.NoAccess)}
	return v
}

// cut keeps the first rows and says how many there are besides.
func cut[T any](all []T) ([]T, int) {
	if len(all) <= shownRows {
		return all, 0
	}
	return all[:shownRows], len(all) - shownRows
}

// cutRows keeps the first customers of each fold; its Count tells of the rest.
func cutRows(folds []Fold) []Fold {
	kept := slices.Clone(folds)
	for i := range kept {
		kept[i].Rows, _ = cut(kept[i].Rows)
	}
	return kept
}

// more is how many rows of a fold are not shown.
func more(f Fold) int { return f.Count - len(f.Rows) }

// reaches puts a reach into words.
var reaches = map[sam.Reach]string{
	sam.ReachCustomer:   "only the customers named",
	sam.ReachConnection: "all customers of the connection",
	sam.ReachEverything: "everything: the app itself",
}

// when prints a time to the minute.
func when(t *time.Time) string {
	if t == nil {
		return "–"
	}
	return t.Format("2006-01-02 15:04") + " UTC"
}

// ago prints how long before now a time was, in its largest unit.
func ago(t *time.Time, now time.Time) string {
	d := now.Sub(*t)
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", d/time.Minute)
	case d < 2*day:
		return fmt.Sprintf("%d h ago", d/time.Hour)
	}
	return fmt.Sprintf("%d days ago", d/day)
}

// tone is the colour of a word from one of our vocabularies.
func tone(word any) string {
	switch fmt.Sprint(word) {
	case string(Healthy), string(ledger.RunClosed), string(sam.Done):
		return "good"
	case string(Warning), string(sam.Medium), string(sam.ClassRetry), string(ledger.RunCancelled):
		return "warn"
	case string(Broken), string(sam.Critical), string(sam.High), string(ledger.RunAbandoned), string(sam.Failed):
		return "bad"
	}
	return "calm"
}

// words turns an identifier into words: "gdap_role_insufficient".
func words(word any) string { return strings.ReplaceAll(fmt.Sprint(word), "_", " ") }

// counts prints a map of counts, largest first.
func counts[K ~string](m map[K]int) string {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b K) int {
		if m[a] != m[b] {
			return m[b] - m[a]
		}
		return strings.Compare(string(a), string(b))
	})
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = fmt.Sprintf("%d × %s", m[k], words(k))
	}
	return strings.Join(parts, ", ")
}

// share is a part of a whole in hundredths, for the bars.
func share(part, whole int) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(part) * 100 / float64(whole)
}
