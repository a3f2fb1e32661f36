package jobs

import (
	"errors"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// decide has no door of its own; its table is the policy.
func TestDecide(t *testing.T) {
	t.Parallel()
	const home, away = sam.TenantID("home"), sam.TenantID("away")
	problem := func(class sam.Class, tenant sam.TenantID, reason sam.Reason) error {
		return &sam.Problem{Class: class, Tenant: tenant, Reason: reason, Code: "x"}
	}
	for _, tt := range []struct {
		name  string
		res   Result
		err   error
		try   int
		verb  verb
		state sam.OutcomeState
		why   string
		delay time.Duration
	}{
		{"done", Result{}, nil, 1, settle, sam.Done, "", 0},
		{"nothing to look at", Result{Skipped: sam.NoAzure}, nil, 1, settle, sam.Skipped, "no_azure_subscription", 0},
		{"no consent", Result{}, problem(sam.ClassCustomer, away, sam.ConsentMissing), 1, settle, sam.Skipped, "consent_missing", 0},
		{"customer policy with reason", Result{}, problem(sam.ClassPolicy, away, sam.BlockedByPolicy), 1, settle, sam.Skipped, "blocked_by_policy", 0},
		{"customer policy without reason", Result{}, problem(sam.ClassPolicy, away, ""), 1, settle, sam.Skipped, "blocked_by_policy", 0},
		{"customer without reason", Result{}, problem(sam.ClassCustomer, away, ""), 1, settle, sam.Failed, "customer", 0},
		{"configuration", Result{}, problem(sam.ClassConfiguration, away, ""), 1, settle, sam.Failed, "configuration", 0},
		{"throttled", Result{}, problem(sam.ClassRetry, away, ""), 1, again, sam.Retry, "retry", 15 * time.Second},
		{"throttled for the last time", Result{}, problem(sam.ClassRetry, away, ""), MaxTries, settle, sam.Failed, "retry", 0},
		{"unexplained", Result{}, errors.New("?"), 2, again, sam.Retry, "retry", time.Minute},
		{"reconsent", Result{}, problem(sam.ClassReconsent, home, ""), 1, hold, sam.Retry, "reconsent", HoldFor},
		{"credential, seen in a customer's tenant", Result{}, problem(sam.ClassCredential, away, ""), MaxTries, hold, sam.Retry, "credential", HoldFor},
		{"policy of the partner's own tenant", Result{}, problem(sam.ClassPolicy, home, sam.BlockedByPolicy), 1, hold, sam.Retry, "policy", HoldFor},
		{
			"partner blocked, seen in a customer's tenant", Result{},
			&sam.Problem{Class: sam.ClassPolicy, Tenant: away, Reason: sam.BlockedByPolicy, Code: codePartnerBlocked},
			1, hold, sam.Retry, "policy", HoldFor,
		},
		{
			"shared throttle", Result{}, &sam.Problem{Class: sam.ClassRetry, Code: codeGateClosed, RetryAfter: time.Second},
			MaxTries, wait, sam.Retry, "retry", time.Second,
		},
		{
			"not yet", Result{}, &sam.Problem{Class: sam.ClassRetry, Code: CodeWait, RetryAfter: 7 * time.Second},
			MaxTries, wait, sam.Retry, "retry", 7 * time.Second,
		},
		{"not yet, and no word on when", Result{}, &sam.Problem{Class: sam.ClassRetry, Code: CodeWait}, 1, wait, sam.Retry, "retry", shortestWait},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := decide(tt.res, tt.err, home, tt.try)
			why := string(d.class)
			if d.state == sam.Skipped || d.state == sam.Done {
				why = string(d.reason)
			}
			if d.verb != tt.verb || d.state != tt.state || why != tt.why || d.delay != tt.delay {
				t.Errorf("got verb %d %s %q after %v; want %d %s %q after %v",
					d.verb, d.state, why, d.delay, tt.verb, tt.state, tt.why, tt.delay)
			}
		})
	}
}

// The table of classes says what decide does, for every class there is.
func TestVerdictsAreWhatDecideDoes(t *testing.T) {
	t.Parallel()
	const home = sam.TenantID("home")
	told := func(d decision) string {
		switch d.verb {
		case again:
			return "again"
		case hold:
			return "hold"
		case settle, wait:
		}
		return string(d.state)
	}
	seen := map[sam.Class]bool{}
	for _, row := range Verdicts {
		seen[row.Class] = true
		for tenant, want := range map[sam.TenantID]string{home: row.Home, "away": row.Away} {
			d := decide(Result{}, &sam.Problem{Class: row.Class, Tenant: tenant, Code: "x"}, home, 1)
			if got := told(d); got != want || row.Reason == "" {
				t.Errorf("%s in %s: %s, want %s", row.Class, tenant, got, want)
			}
			if d.verb == hold && d.delay < HoldFor {
				t.Errorf("%s holds for %s", row.Class, d.delay)
			}
		}
	}
	for _, class := range []sam.Class{
		sam.ClassRetry, sam.ClassCustomer, sam.ClassPolicy, sam.ClassCredential, sam.ClassReconsent, sam.ClassConfiguration,
	} {
		if !seen[class] {
			t.Errorf("no verdict on class %s", class)
		}
	}
}
