package statuspage

import (
	"cmp"
	"slices"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// Folded is the same trouble over many customers as one row each; the lists it
// was folded from stay as they are.
type Folded struct {
	Failures []Fold `json:"failures"`
	NoAccess []Fold `json:"no_access"`
}

// Fold is one problem and everybody who has it.
type Fold struct {
	Class  sam.Class  `json:"class"`  // of a failure
	Code   string     `json:"code"`   // of a failure
	Reason sam.Reason `json:"reason"` // of a missing access
	Plain  string     `json:"plain"`  // of the first; "" where every customer has its own detail
	Fix    string     `json:"fix"`
	Owner  sam.Owner  `json:"owner"`
	Reach  sam.Reach  `json:"reach"`
	Link   string     `json:"link"`
	Count  int        `json:"count"` // how many rows are folded: customers, or tasks of them
	Rows   []Affected `json:"rows"`  // in the order they came
}

// Affected is one customer, or one task of it, that has the problem.
type Affected struct {
	Customer  sam.CustomerID `json:"customer"`
	Name      string         `json:"customer_name"`
	Detail    string         `json:"detail"` // "" when it says what the fold says
	Task      string         `json:"task"`
	Run       string         `json:"run"`
	RequestID string         `json:"request_id"`
	Try       int            `json:"try"`
}

// foldFailures groups failures by class and code.
func foldFailures(all []Failure) []Fold {
	return fold(all, func(f Failure) (Fold, Affected) {
		return Fold{Class: f.Class, Code: f.Code, Plain: f.Plain, Fix: f.Fix, Owner: f.Owner, Reach: f.Reach, Link: f.Link},
			Affected{Customer: f.Customer, Name: f.CustomerName, Detail: f.Plain, Task: f.Task, Run: f.Run, RequestID: f.RequestID, Try: f.Try}
	})
}

// foldNoAccess groups customers by the reason that stands in the way.
func foldNoAccess(all []NoAccess) []Fold {
	return fold(all, func(n NoAccess) (Fold, Affected) {
		return Fold{Reason: n.Reason, Fix: n.Fix, Owner: n.Owner, Reach: n.Reach, Link: n.Link},
			Affected{Customer: n.Customer, Name: n.Name, Detail: n.Detail}
	})
}

// fold groups rows by class, code and reason, largest group first. Words of the
// first row stand for all; a row that says something else keeps it as its detail.
// It is pure.
func fold[T any](all []T, split func(T) (Fold, Affected)) []Fold {
	type key struct {
		class  sam.Class
		code   string
		reason sam.Reason
	}
	at := map[key]int{}
	folds := []Fold{}
	for _, one := range all {
		f, row := split(one)
		k := key{f.Class, f.Code, f.Reason}
		i, known := at[k]
		if !known {
			i = len(folds)
			at[k], folds = i, append(folds, f)
		}
		if row.Detail == folds[i].Plain {
			row.Detail = ""
		}
		folds[i].Count++
		folds[i].Rows = append(folds[i].Rows, row)
	}
	slices.SortStableFunc(folds, func(a, b Fold) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Reason, b.Reason))
	})
	return folds
}
