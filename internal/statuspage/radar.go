package statuspage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// What the relationship radar finds, by task and kind; its package states them.
const (
	radarTask    = "access"
	radarMissing = "access_missing"
	radarEnding  = "access_ending"
)

// Radar is what the task "access" found, condensed: the findings themselves are
// among Findings, too.
type Radar struct {
	Watched   bool         `json:"watched"`   // the task is done in the newest runs
	Customers int          `json:"customers"` // of the newest discovery
	Missing   []Permission `json:"missing"`   // worst first, then the most frequent
	Ending    []Ending     `json:"ending"`    // soonest first
}

// Permission is one that customers lack, and of which it is the same side's
// turn.
type Permission struct {
	Permission string       `json:"permission"` // "relationship", "role|directory", …
	Severity   sam.Severity `json:"severity"`
	Title      string       `json:"title"`
	Fix        string       `json:"fix"` // "" where the customers need different ones
	Owner      sam.Owner    `json:"owner"`
	Link       string       `json:"link"`
	Count      int          `json:"count"`
	Lacking    []Lacking    `json:"lacking"`
}

// Lacking is one customer without the permission.
type Lacking struct {
	Customer sam.CustomerID `json:"customer"`
	Name     string         `json:"customer_name"`
	Detail   string         `json:"detail"` // which tasks need it
	Fix      string         `json:"fix"`    // "" when it is the permission's
	Since    *time.Time     `json:"since"`
}

// Ending is a relationship that ends.
type Ending struct {
	Customer sam.CustomerID `json:"customer"`
	Name     string         `json:"customer_name"`
	On       *time.Time     `json:"on"`
	DaysLeft int            `json:"days_left"` // whole days; 0 on the last one and after
	Severity sam.Severity   `json:"severity"`
	Title    string         `json:"title"`
	Detail   string         `json:"detail"`
	Fix      string         `json:"fix"`
	Owner    sam.Owner      `json:"owner"`
	Link     string         `json:"link"`
}

// radar condenses the findings. It is pure.
func radar(findings []Finding, runs []Run, customers int, now time.Time) Radar {
	r := Radar{Customers: customers, Missing: []Permission{}, Ending: []Ending{}}
	r.Watched = slices.ContainsFunc(runs, func(run Run) bool { return slices.Contains(run.Tasks, radarTask) })
	at := map[string]int{}
	for _, f := range findings {
		switch {
		case f.Kind == radarEnding && f.Due != nil:
			r.Ending = append(r.Ending, ending(f, now))
		case f.Kind == radarMissing:
			turn := f.Key + " " + string(f.Owner) // the same permission can be either's to give
			i, folded := at[turn]
			if !folded {
				i = len(r.Missing)
				at[turn], r.Missing = i, append(r.Missing, permission(f))
			}
			r.Missing[i].add(f)
		}
	}
	for i := range r.Missing {
		r.Missing[i].share()
	}
	slices.SortStableFunc(r.Missing, func(a, b Permission) int {
		return cmp.Or(cmp.Compare(rank(a.Severity), rank(b.Severity)), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Permission, b.Permission), cmp.Compare(a.Owner, b.Owner))
	})
	slices.SortStableFunc(r.Ending, func(a, b Ending) int { return a.On.Compare(*b.On) })
	return r
}

func permission(f Finding) Permission {
	return Permission{
		Permission: strings.TrimPrefix(f.Key, radarMissing+"|"), Severity: f.Severity, Title: f.Title, Owner: f.Owner, Link: f.Link,
	}
}

func (p *Permission) add(f Finding) {
	p.Count++
	p.Lacking = append(p.Lacking, Lacking{Customer: f.Customer, Name: f.CustomerName, Detail: f.Detail, Fix: f.Fix, Since: f.Opened})
}

// share moves the fix up when it is the same for all.
func (p *Permission) share() {
	fix := p.Lacking[0].Fix
	if slices.ContainsFunc(p.Lacking, func(l Lacking) bool { return l.Fix != fix }) {
		return
	}
	p.Fix = fix
	for i := range p.Lacking {
		p.Lacking[i].Fix = ""
	}
}

func ending(f Finding, now time.Time) Ending {
	return Ending{
		Customer: f.Customer, Name: f.CustomerName, On: f.Due, DaysLeft: max(0, int(f.Due.Sub(now)/day)),
		Severity: f.Severity, Title: f.Title, Detail: f.Detail, Fix: f.Fix, Owner: f.Owner, Link: f.Link,
	}
}

// ofRadar reports whether a finding has its place in the radar's section.
func ofRadar(f Finding) bool { return f.Kind == radarMissing || f.Kind == radarEnding }

// More is how many customers the page does not show.
func (p Permission) More() int { return p.Count - len(p.Lacking) }

// cutRadar bounds the rows that the page shows; More, and what is returned, tell
// of the rest.
func cutRadar(r Radar) (shown Radar, endingMore int) {
	r.Missing = slices.Clone(r.Missing)
	for i := range r.Missing {
		r.Missing[i].Lacking, _ = cut(r.Missing[i].Lacking)
	}
	r.Ending, endingMore = cut(r.Ending)
	return r, endingMore
}

// Lacks is how many permissions are missing, over all customers.
func (r Radar) Lacks() int {
	n := 0
	for _, p := range r.Missing {
		n += p.Count
	}
	return n
}
