package rotation

import (
	"slices"
	"time"

	"github.com/samkeeper/samkeeper/internal/vault"
)

// Which grant a version belongs to is written down with it (vault.Version.Grant)
// and never concluded from clocks: the clock of whoever rotated may have been
// wrong. Consents are ordered by the vault.

// newestGrant is the version to start from: of the enabled versions those of
// the newest consent, and of these the newest. It is another one than the
// current version only where a process died between its write and its giving
// way to a consent.
func (a *attempt) newestGrant() vault.Version {
	if a.current.Source == vault.SourceConsent {
		return a.current // newest by the vault's own word
	}
	best, rank := a.current, a.age(a.grantOf(a.current))
	for _, v := range a.known {
		if !v.Enabled {
			continue
		}
		if r := a.age(a.grantOf(v)); r < rank {
			best, rank = v, r
		}
	}
	return best
}

// previous is the newest enabled version of the same grant below the one to
// start from: what is kept in case that one turns out to be bad.
func (a *attempt) previous() (vault.Version, bool) {
	below := slices.IndexFunc(a.known, func(v vault.Version) bool { return v.ID == a.base.ID }) + 1
	for _, v := range a.known[below:] {
		if v.Enabled && v.ID != a.base.ID && a.grantOf(v) == a.grantOf(a.base) {
			return v, true
		}
	}
	return vault.Version{}, false
}

// grantOf is the id of the consent's version that v descends from. Where that
// was not written down (a token brought along from another tool, tags edited
// by hand) it is the newest consent that v can descend from by the clock, with
// a second to spare since the vault counts in whole ones; "" if there is none.
func (a *attempt) grantOf(v vault.Version) string {
	switch {
	case v.Source == vault.SourceConsent:
		return v.ID
	case v.Grant != "":
		return v.Grant
	}
	for _, c := range a.known {
		if c.Source == vault.SourceConsent && c.Created.Add(time.Second).Before(v.RedeemedAt) {
			return c.ID
		}
	}
	return ""
}

// age is how many versions are newer than the consent; an unknown one is
// older than all.
func (a *attempt) age(grant string) int {
	if i := slices.IndexFunc(a.known, func(v vault.Version) bool { return v.ID == grant }); i >= 0 {
		return i
	}
	return len(a.known)
}
