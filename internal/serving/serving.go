package serving

import (
	"cmp"
	"slices"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Bench is the connections that stand in for one another, first choice first.
// It is never empty.
type Bench []ledger.Connection

// Why says what keeps a connection from serving.
type Why string

// The reasons, gravest first.
const (
	Fit         Why = ""
	SwitchedOff Why = "switched off by a person"
	Expired     Why = "its token has expired"
	Refused     Why = "its sign-in is refused until a person consents again"
)

// Fitness says whether a connection may serve at now.
func Fitness(c ledger.Connection, now time.Time) Why {
	switch {
	case c.Disabled:
		return SwitchedOff
	case !c.Expires.IsZero() && !now.Before(c.Expires):
		return Expired
	case !c.BrokenAt.IsZero(), c.Problem != nil && Breaks(c.Problem.Class, c.Problem.Code):
		return Refused
	}
	return Fit
}

// partnerBlocked is Microsoft's stop for a partner whose delegated
// administration looks abused: it means every account of the tenant, and going
// on with the next one makes it worse.
const partnerBlocked = "AADSTS530034"

// Breaks reports whether a problem of this class and code, met in the
// connection's own tenant, takes that connection out while another account may
// still work.
func Breaks(class sam.Class, code string) bool {
	switch class {
	case sam.ClassReconsent, sam.ClassPolicy:
		return code != partnerBlocked
	case sam.ClassRetry, sam.ClassCredential, sam.ClassCustomer, sam.ClassConfiguration:
	}
	return false
}

// Benches groups connections: direct ones first, since a customer that
// consented itself is visited with its own grant, then by tenant.
func Benches(all []ledger.Connection) []Bench {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b ledger.Connection) int {
		return cmp.Or(
			cmp.Compare(kindRank(a.Kind), kindRank(b.Kind)), cmp.Compare(a.ID.Tenant(), b.ID.Tenant()),
			cmp.Compare(primaryRank(a), primaryRank(b)), cmp.Compare(a.ID, b.ID),
		)
	})
	var benches []Bench
	for _, c := range sorted {
		if n := len(benches); n > 0 && together(benches[n-1][0], c) {
			benches[n-1] = append(benches[n-1], c)
			continue
		}
		benches = append(benches, Bench{c})
	}
	return benches
}

// Of finds the bench of a connection; false when it is not among them.
func Of(benches []Bench, id sam.ConnectionID) (Bench, bool) {
	for _, b := range benches {
		if slices.ContainsFunc(b, func(c ledger.Connection) bool { return c.ID == id }) {
			return b, true
		}
	}
	return nil, false
}

// Serving is the connection that serves the bench's customers at now; false
// when none is fit.
func (b Bench) Serving(now time.Time) (ledger.Connection, bool) {
	i := slices.IndexFunc(b, func(c ledger.Connection) bool { return Fitness(c, now) == Fit })
	if i < 0 {
		return ledger.Connection{}, false
	}
	return b[i], true
}

// Switched reports whether a person switched every connection off.
func (b Bench) Switched() bool {
	return !slices.ContainsFunc(b, func(c ledger.Connection) bool { return !c.Disabled })
}

// Role is what a connection is on its bench.
type Role string

// The roles.
const (
	Primary Role = "primary"
	Standby Role = "standby"
	Direct  Role = "direct"
)

// Role of the connection at place i of the bench.
func (b Bench) Role(i int) Role {
	switch {
	case i > 0:
		return Standby
	case b[i].Kind == sam.DirectConnection:
		return Direct
	}
	return Primary
}

func together(a, b ledger.Connection) bool {
	return a.ID.Tenant() == b.ID.Tenant() && kindRank(a.Kind) == kindRank(b.Kind)
}

// kindRank treats a connection of unknown kind as a partner's, which it is
// when its row was lost and made anew.
func kindRank(k sam.Kind) int {
	if k == sam.DirectConnection {
		return 0
	}
	return 1
}

func primaryRank(c ledger.Connection) int {
	if c.Primary {
		return 0
	}
	return 1
}
