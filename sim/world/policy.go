package world

import (
	"slices"
	"time"
)

// SignInPolicy is what a tenant's sign-in service is told to refuse, beside
// what the customer record says (no consent, no GDAP, blocked, gone). The zero value
// refuses nothing.
type SignInPolicy struct {
	NotPreconsented  bool     // not authorised for delegated administrators: 90099
	RequireMFA       bool     // grants without a second factor: 50076
	RequireFreshMFA  bool     // every grant must be renewed: 50076
	WithoutRefresh   bool     // token answers carry no refresh_token
	MissingResources []string // audiences without a service principal here: 500011

	// Preconsented is when a consent through Partner Center ends
	// NotPreconsented; zero: there was none.
	Preconsented time.Time
}

// Preconsent reports whether the app is authorised for delegated
// administrators by now.
func (p SignInPolicy) Preconsent(now time.Time) bool {
	return !p.NotPreconsented || !p.Preconsented.IsZero() && !now.Before(p.Preconsented)
}

// Policy is a copy of the tenant's policy. Locks.
func (w *World) Policy(tid string) SignInPolicy {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if p, ok := w.policies[tid]; ok {
		copied := *p
		copied.MissingResources = slices.Clone(p.MissingResources)
		return copied
	}
	return SignInPolicy{}
}

// SetPolicy changes the tenant's policy. Locks.
func (w *World) SetPolicy(tid string, change func(*SignInPolicy)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p, ok := w.policies[tid]
	if !ok {
		p = &SignInPolicy{}
		w.policies[tid] = p
	}
	change(p)
}
