package statuspage

import (
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// State is a connection at a glance.
type State string

// The states.
const (
	Healthy State = "healthy"
	Warning State = "warning" // works; should be looked at
	Broken  State = "broken"  // does not work, or not for long, without a person
)

// Bounds of the judgement. Rotation is daily, so a token with under 60 of its
// 90 days has not been rotated for a month.
const (
	daysOfConcern  = 60
	rotationIsLate = 72 * time.Hour
)

const day = 24 * time.Hour

// judge says how a connection stands, and why in one sentence.
func judge(c ledger.Connection, now time.Time) (State, string) {
	left := c.Expires.Sub(now)
	switch {
	case c.Disabled:
		return Broken, "A person switched this connection off."
	case !c.Expires.IsZero() && left <= 0:
		return Broken, "The refresh token has expired: consent again."
	case c.Problem != nil && c.Problem.Class != sam.ClassRetry:
		return Broken, "The token cannot be renewed without a person."
	case !c.BrokenAt.IsZero():
		return Broken, "Its sign-in was refused; it serves again once it is proved."
	case c.Problem != nil:
		return Warning, "Renewing failed and is tried again by itself."
	case c.Warning != nil:
		return Warning, "It works now, and will stop unless a person acts."
	case !c.MFA:
		return Warning, "The last token carried no sign of multi-factor sign-in, which Partner Center refuses."
	case !c.Expires.IsZero() && left < daysOfConcern*day:
		return Warning, fmt.Sprintf("The token was not renewed for a month; %d days are left.", daysLeft(c.Expires, now))
	case !proved(c):
		return Warning, "Not proved yet: the next hourly rotation renews the token and reads it back."
	case now.Sub(renewed(c)) > rotationIsLate:
		return Warning, "Rotation is late: it should happen daily."
	}
	return Healthy, ""
}

// renewed is when the token last changed, by rotation or consent.
func renewed(c ledger.Connection) time.Time {
	if c.ConsentedAt.After(c.RotatedAt) {
		return c.ConsentedAt
	}
	return c.RotatedAt
}

// proved says whether the token now stored was read back and redeemed.
func proved(c ledger.Connection) bool {
	return !c.ProvedAt.IsZero() && !c.ProvedAt.Before(c.RedeemedAt)
}

// daysLeft is whole days, never negative.
func daysLeft(expires, now time.Time) int {
	if !expires.After(now) {
		return 0
	}
	return int(expires.Sub(now) / day)
}
