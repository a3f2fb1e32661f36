package access

import (
	"slices"
	"time"
)

// State is how a permission stands.
type State string

// The states.
const (
	Present   State = "present"
	Missing   State = "missing"
	Ending    State = "ending"     // present, and ends within Warned
	Unknown   State = "unknown"    // could not be found out, or lies behind what is missing
	NotNeeded State = "not_needed" // there is nothing to have access to
)

// Facts is what is known about one customer.
type Facts struct {
	// Direct: the customer consented itself, no relationship is involved.
	Direct bool
	// Relations are the active relationships with the customer; RelationsKnown
	// is false when the book could not be read.
	Relations      []Relation
	RelationsKnown bool
	// Groups are those that the integration account is in.
	Groups      []Group
	GroupsKnown bool
	// Consent is Present, Missing or Unknown for each resource that was tried.
	Consent map[Resource]State
	// Lacking are the permissions that the consent for Graph does not cover,
	// though there is one; Graph counts as Missing then.
	Lacking []string
	// Azure is Present, Missing, NotNeeded (no Azure) or Unknown.
	Azure State
	// Lighthouse: what is present, is by delegation to the partner's tenant.
	Lighthouse bool
}

// Relation is an active delegated admin relationship.
type Relation struct {
	ID      string
	Name    string
	Ends    time.Time // zero: no end is known
	Extends bool      // moves its end by itself
	Roles   []string  // ids of the roles approved, as far as the table knows them
	// Assigned are its assignments; AssignedKnown is false when they could not
	// be read.
	Assigned      []Assigned
	AssignedKnown bool
}

// Assigned is a group with its roles in a relationship.
type Assigned struct {
	Group string   // object id
	Roles []string // ids, as far as the table knows them
}

// Group is a group of the integration account.
type Group struct{ ID, Name string }

// mine are the assignments to groups of the account.
func (f Facts) mine(r Relation) []Assigned {
	var mine []Assigned
	for _, a := range r.Assigned {
		if slices.ContainsFunc(f.Groups, func(g Group) bool { return g.ID == a.Group }) {
			mine = append(mine, a)
		}
	}
	return mine
}

// gives reports whether the relationship gives the account one of the roles;
// with no role named, anything at all.
func (f Facts) gives(r Relation, anyOf []Role) bool {
	for _, a := range f.mine(r) {
		if len(anyOf) == 0 || carries(a.Roles, anyOf) {
			return true
		}
	}
	return false
}

// assignmentsKnown reports whether it can be said who has what.
func (f Facts) assignmentsKnown() bool {
	return f.GroupsKnown && !slices.ContainsFunc(f.Relations, func(r Relation) bool { return !r.AssignedKnown })
}

func carries(roles []string, anyOf []Role) bool {
	return slices.ContainsFunc(anyOf, func(r Role) bool { return slices.Contains(roles, r.ID) })
}
