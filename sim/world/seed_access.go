package world

import (
	"math/rand/v2"
	"time"
)

// seedPastRelationships adds what a partner's list is full of: relationships
// that were replaced, ran out or were never approved. None of them gives access.
func seedPastRelationships(rng *rand.Rand, c *Customer, now time.Time) {
	for _, status := range []string{"terminated", "expired", "approvalPending"} {
		if rng.IntN(8) != 0 {
			continue
		}
		start := now.AddDate(0, 0, -60-rng.IntN(700)).Truncate(time.Second)
		r := Relationship{ID: relationshipID(rng), Name: c.Name + " " + status, Status: status, Start: start, Ends: start.AddDate(0, 0, 30)}
		if status == "approvalPending" {
			r.Ends = start.AddDate(0, 0, 730)
		}
		c.Relationships = append(c.Relationships, r)
	}
}

// endRelationship takes the customer's access away and leaves the trace of it.
func endRelationship(rng *rand.Rand, c *Customer, now time.Time) {
	c.GDAP = false
	c.RelationshipEnds = now.AddDate(0, 0, -1-rng.IntN(20)).Truncate(time.Second)
	c.AutoExtend = false
	status := pick(rng, []string{"expired", "terminated", "terminating"})
	c.Relationships = append(c.Relationships, Relationship{
		ID: relationshipID(rng), Name: c.Name + " managed services", Status: status,
		Start: c.RelationshipStart, Ends: c.RelationshipEnds,
	})
}

// relationshipID is two GUIDs joined, as Graph has them.
func relationshipID(rng *rand.Rand) string { return guid(rng) + "-" + guid(rng) }
