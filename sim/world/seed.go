package world

import (
	"math"
	"math/rand/v2"
	"time"
)

// Shares says which fraction of the customers (0 to 1) is in which state. The
// first five exclude each other and are dealt out in this order; the others
// fall on customers whose data can be reached. Zero everywhere is a fleet in
// which nothing is wrong.
type Shares struct {
	NoConsent      float64 // app not consented
	NoGDAP         float64 // no active relationship
	Blocked        float64 // refused by the customer's policy
	NoRBAC         float64 // has Azure, may not be read
	NoSubscription float64 // has no Azure at all

	Unhealthy           float64 // a resource is unavailable or degraded
	Alerting            float64 // an alert is fired, most with a classic twin
	SubscriptionTrouble float64 // a subscription is not in state Enabled
	LicenceTrouble      float64 // a licence lapsed or is over-assigned
	Ending              float64 // the relationship ends within 90 days
	Lighthouse          float64 // Azure is delegated by Lighthouse, and readable in no other way
}

// DefaultShares is a fleet as a provider knows it; with 20 customers or more
// each share falls on one at least.
func DefaultShares() Shares {
	return Shares{
		NoConsent: 0.06, NoGDAP: 0.04, Blocked: 0.04, NoRBAC: 0.06, NoSubscription: 0.10,
		Unhealthy: 0.16, Alerting: 0.14, SubscriptionTrouble: 0.06, LicenceTrouble: 0.12, Ending: 0.06, Lighthouse: 0.04,
	}
}

// everyKindFrom is the fleet size from which a positive share means at least
// one customer.
const everyKindFrom = 20

// count is how many of n customers a share stands for.
func count(share float64, n int) int {
	k := int(math.Round(share * float64(n)))
	if k == 0 && share > 0 && n >= everyKindFrom {
		k = 1
	}
	return min(max(k, 0), n)
}

// seedCustomers makes n customers; the same rng state, n, shares and now give
// the same customers. All times lie before now except the relationships' ends.
func seedCustomers(rng *rand.Rand, n int, shares Shares, now time.Time) []*Customer {
	customers := make([]*Customer, n)
	names := newNamer(rng)
	for i := range customers {
		customers[i] = seedCustomer(rng, names, now)
	}
	reachable := dealAccess(rng, customers, shares, now)
	dealTrouble(rng, n, reachable, shares, now)
	return customers
}

// seedCustomer makes one customer in which nothing is wrong.
func seedCustomer(rng *rand.Rand, names *namer, now time.Time) *Customer {
	name, domain := names.next()
	place := pick(rng, places)
	c := &Customer{
		TenantID: guid(rng), Name: name, Domain: domain, Country: place.country, Region: place.region,
		Consented: true, GDAP: true, ConsentRole: true, RBAC: true,
		RelationshipStart: now.AddDate(0, 0, -30-rng.IntN(600)).Truncate(time.Second),
		AutoExtend:        true,
		UserCount:         3 + rng.IntN(12),
	}
	c.RelationshipEnds = c.RelationshipStart.AddDate(0, 0, 730)
	seedLicences(rng, c, now)
	for range 1 + rng.IntN(8)/6 {
		addSubscription(rng, c, now)
	}
	seedPastRelationships(rng, c, now)
	return c
}

// dealAccess hands out the states that exclude each other and returns the
// customers that were left alone, in random order.
func dealAccess(rng *rand.Rand, customers []*Customer, shares Shares, now time.Time) []*Customer {
	n := len(customers)
	rest := make([]*Customer, n)
	for i, at := range rng.Perm(n) {
		rest[i] = customers[at]
	}
	deal := func(share float64, change func(*Customer)) {
		k := min(count(share, n), len(rest))
		for _, c := range rest[:k] {
			change(c)
		}
		rest = rest[k:]
	}
	kind := 0
	deal(shares.NoConsent, func(c *Customer) {
		kind++
		c.Consented, c.ConsentRole = false, kind%3 != 0
	})
	deal(shares.NoGDAP, func(c *Customer) { endRelationship(rng, c, now) })
	deal(shares.Blocked, func(c *Customer) { c.Blocked = true })
	deal(shares.NoRBAC, func(c *Customer) { c.RBAC = false })
	deal(shares.NoSubscription, removeAzure)
	return rest
}

// dealTrouble makes some of the reachable customers' resources, alerts,
// subscriptions and licences need attention; n is the size of the fleet.
func dealTrouble(rng *rand.Rand, n int, reachable []*Customer, shares Shares, now time.Time) {
	deal := func(share float64, change func(*Customer)) {
		rng.Shuffle(len(reachable), func(i, j int) { reachable[i], reachable[j] = reachable[j], reachable[i] })
		for _, c := range reachable[:min(count(share, n), len(reachable))] {
			change(c)
		}
	}
	kind := 0
	deal(shares.Unhealthy, func(c *Customer) { fallIll(rng, c, now) })
	deal(shares.Alerting, func(c *Customer) { fireAlerts(rng, c, now) })
	deal(shares.SubscriptionTrouble, func(c *Customer) {
		c.Subscriptions[0].State = lapsedStates[kind%len(lapsedStates)]
		kind++
	})
	deal(shares.LicenceTrouble, func(c *Customer) {
		lapseLicence(rng, c, kind)
		kind++
	})
	deal(shares.Ending, func(c *Customer) {
		c.RelationshipEnds, c.AutoExtend = now.Add(endings[kind%len(endings)]).Truncate(time.Second), false
		kind++
	})
	deal(shares.Lighthouse, func(c *Customer) { c.RBAC, c.Lighthouse = false, true })
}

// endings are how soon the relationships end that do: one for each stage that
// a partner is warned at.
var endings = []time.Duration{60 * 24 * time.Hour, 20 * 24 * time.Hour, 5 * 24 * time.Hour, 18 * time.Hour}

// lapsedStates are the subscription states that need a person.
var lapsedStates = []string{"Warned", "PastDue", "Disabled"}

// removeAzure leaves the customer with licences only.
func removeAzure(c *Customer) {
	c.Subscriptions = nil
	kept := c.Offers[:0]
	for _, o := range c.Offers {
		if !o.Azure {
			kept = append(kept, o)
		}
	}
	c.Offers = kept
}
