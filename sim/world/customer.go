package world

import (
	"slices"
	"time"
)

// Customer is one tenant the partner serves, with everything that Entra,
// Partner Center, Graph and Azure Resource Manager know about it.
//
// A Customer that World hands out is a snapshot and is never changed;
// World.Mutate changes a Clone and puts it in place, so readers need no lock.
type Customer struct {
	TenantID string // GUID, lower case
	Name     string // company name
	Domain   string // initial domain, "….onmicrosoft.com"
	Country  string // two letters
	Region   string // Azure region most resources are in

	// Consented: the app's service principal and delegated grants exist here.
	Consented bool
	// PrincipalLeft: consent was withdrawn through Partner Center, which
	// removes the grants and leaves the service principal.
	PrincipalLeft bool
	// Grants are the delegated permissions in detail; nil with Consented means
	// all that the app registration lists. PrincipalKnown is from when on the
	// login hosts know the service principal; zero: always.
	Grants         []AppGrant
	PrincipalKnown time.Time
	// GDAP: a delegated admin relationship is active.
	GDAP bool
	// Unassigned: the relationship is assigned to no group of the integration
	// account, so it gives the account nothing.
	Unassigned bool
	// Withheld are roles that the relationship carries and the operators' group
	// is not assigned: ConsentRole or GraphRefuses say what that costs.
	Withheld []string
	// ConsentRole: the relationship carries a role that may consent to apps
	// (Cloud Application Administrator); without it Partner Center answers 403.
	ConsentRole bool
	// RBAC: the integration account may read the Azure subscriptions.
	RBAC bool
	// Lighthouse: the subscriptions are delegated to the first partner tenant,
	// whose own tokens read them.
	Lighthouse bool
	// Blocked: the customer's Conditional Access refuses service providers.
	Blocked bool
	// Gone: the tenant was deleted; the login answers AADSTS90002.
	Gone bool
	// NoReseller: Partner Center has no commerce relationship (error 20002).
	NoReseller bool
	// GraphRefuses: the relationship's roles do not reach the directory reads
	// (Graph answers 403 Authorization_RequestDenied).
	GraphRefuses bool
	// ResourceGraphRefuses: Azure Resource Graph answers 403 for this tenant
	// although the subscriptions can be read one by one.
	ResourceGraphRefuses bool

	// Partners are the partner tenants that have the customer in their books
	// and a relationship with it; none: the first partner tenant alone.
	Partners []string

	RelationshipStart time.Time
	RelationshipEnds  time.Time
	AutoExtend        bool           // by 180 days whenever the end is reached
	Relationships     []Relationship // finished or unfinished ones beside the active one

	Offers        []Offer         // what Partner Center sold
	Subscriptions []*Subscription // what exists in Azure, seen or not
	SKUs          []SKU           // licences, as Graph shows them
	UserCount     int             // members of the directory
}

// Relationship is a delegated admin relationship that gives no access.
type Relationship struct {
	ID     string // "<guid>-<guid>"
	Name   string
	Status string // created approvalPending terminated expired …
	Start  time.Time
	Ends   time.Time
}

// Offer is a subscription in Partner Center's sense: something sold.
type Offer struct {
	ID            string // GUID
	OfferID       string // "DZH318Z0BPS6:0001", "MS-AZR-0145P", a CFQ7… SKU
	Name          string // "Azure plan", "Microsoft 365 Business Premium"
	Quantity      int
	UnitType      string // "Licenses", "Usage-based", "none"
	Status        string // none active pending suspended deleted
	BillingType   string // "usage" or "license"
	EntitlementID string // Azure subscription of a legacy Azure offer
	OrderID       string
	Created       time.Time
	Azure         bool // an Azure plan or a legacy Azure subscription
}

// SKU is one subscribed licence product.
type SKU struct {
	SkuID            string // GUID, the same for every tenant
	PartNumber       string // "SPB"
	Name             string // "Microsoft 365 Business Premium"
	CapabilityStatus string // Enabled Warning Suspended Deleted LockedOut
	Consumed         int
	Enabled          int // prepaid units usable
	Suspended        int
	Warning          int
	LockedOut        int
	Plans            []Plan
}

// Plan is one service plan inside a SKU.
type Plan struct {
	ID   string
	Name string
}

// Trouble reports whether the licence is not in its normal state.
func (s SKU) Trouble() bool { return s.CapabilityStatus != "Enabled" }

// Overused reports whether more units are assigned than are usable.
func (s SKU) Overused() bool { return s.Consumed > s.Enabled }

// HasAzureOffer reports whether Partner Center shows Azure for the customer.
func (c *Customer) HasAzureOffer() bool {
	return slices.ContainsFunc(c.Offers, func(o Offer) bool { return o.Azure })
}

// Visible returns the subscriptions a token of this tenant may list: all of
// them with RBAC, none without.
func (c *Customer) Visible() []*Subscription {
	if !c.RBAC {
		return nil
	}
	return c.Subscriptions
}

// Readable are the subscriptions that the integration account reads in one way
// or the other: all of them or none.
func (c *Customer) Readable() []*Subscription {
	if c.Lighthouse {
		return c.Subscriptions
	}
	return c.Visible()
}

// Subscription finds a visible subscription by its GUID, or nil.
func (c *Customer) Subscription(id string) *Subscription {
	for _, s := range c.Visible() {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// EndsAt is when the active relationship ends as seen at now.
func (c *Customer) EndsAt(now time.Time) time.Time {
	end := c.RelationshipEnds
	for c.AutoExtend && end.Before(now) {
		end = end.AddDate(0, 0, 180)
	}
	return end
}

// Clone returns a deep copy, for World.Mutate.
func (c *Customer) Clone() *Customer {
	d := *c
	d.Partners = slices.Clone(c.Partners)
	d.Grants = cloneGrants(c.Grants)
	d.Withheld = slices.Clone(c.Withheld)
	d.Relationships = slices.Clone(c.Relationships)
	d.Offers = slices.Clone(c.Offers)
	d.SKUs = slices.Clone(c.SKUs)
	d.Subscriptions = make([]*Subscription, len(c.Subscriptions))
	for i, s := range c.Subscriptions {
		d.Subscriptions[i] = s.Clone()
	}
	return &d
}
