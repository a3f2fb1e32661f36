package sam

import "time"

// Kind of connection.
type Kind string

// The kinds.
const (
	// PartnerConnection serves all customers of the partner.
	PartnerConnection Kind = "partner"
	// DirectConnection serves the one customer that consented itself.
	DirectConnection Kind = "direct"
)

// Customer is a tenant the partner serves, as discovery last saw it.
type Customer struct {
	ID     CustomerID
	Name   string
	Domain string // initial domain, display only
	// Access is NoReason when nothing is known to stand in the way.
	Access Reason
	// AccessDetail is one plain sentence on Access, with the fix.
	AccessDetail string
	// AccessEnds is when the longest active relationship ends; zero if unknown.
	AccessEnds time.Time
	Connection ConnectionID // which connection serves it
	SeenAt     time.Time    // when discovery last saw it
}

// Finding is something wrong at a customer now, as one task sees it.
type Finding struct {
	Customer CustomerID
	Task     string // which task found it
	// Key identifies the same trouble over time within (Customer, Task):
	// "<kind>|<resource id in lower case>" or alike; stable, at most 512 bytes.
	Key      string
	Kind     string // "resource_unhealthy", "alert_fired", "licence_warning", …
	Severity Severity
	Title    string    // one line for a person
	Detail   string    // more, plain text
	Resource string    // ARM id or other address; "" if none
	Since    time.Time // when it began upstream; zero if unknown
	Due      time.Time // when it will come true, of a warning, in UTC; zero if it is true now
	Fix      string    // one plain sentence: what ends it; "" if Detail or the reader knows
	Owner    Owner     // with Fix: whose turn it is
	Link     string    // with Fix: where the matter is explained
}
