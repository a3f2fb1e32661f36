package sam

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Class says who can end a failure.
type Class string

// The problem classes (reference on the model, section 3).
const (
	// ClassRetry passes by itself: throttling, outage, propagation.
	ClassRetry Class = "retry"
	// ClassReconsent needs the partner to sign in again.
	ClassReconsent Class = "reconsent"
	// ClassCredential needs the app's secret, certificate or federation mended.
	ClassCredential Class = "credential"
	// ClassCustomer is one customer's state: consent, relationship, account.
	ClassCustomer Class = "customer"
	// ClassPolicy is a Conditional Access or security policy in the way.
	ClassPolicy Class = "policy"
	// ClassConfiguration is our request, registration or setting.
	ClassConfiguration Class = "configuration"
)

// Problem is an upstream failure at the edge of a client: what was attempted,
// where, what came back, who can end it and how. It is the only error type
// that rooms branch on. It never carries a token or a body that could hold one.
type Problem struct {
	Op         string        // what was attempted, "redeem refresh token"
	Tenant     TenantID      // for which tenant; "" when none is involved
	Class      Class         // who can end it
	Reason     Reason        // set when it is a customer's access state
	Code       string        // upstream code: "AADSTS65001", "AuthorizationFailed", "900421"
	Status     int           // HTTP status; 0 when no answer came
	RequestID  string        // upstream request, trace or correlation id
	RetryAfter time.Duration // how long upstream asked us to wait; 0 when it did not
	Claims     string        // claims challenge to replay, JSON; "" when none
	Plain      string        // one plain sentence: what is wrong
	Fix        string        // one plain sentence: what to do
	Err        error         // cause, may be nil
}

// Error names the attempt, the tenant, the upstream code and its request id.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Op)
	if p.Tenant != "" {
		fmt.Fprintf(&b, " for tenant %s", p.Tenant)
	}
	if p.Code != "" {
		fmt.Fprintf(&b, ": %s", p.Code)
	}
	if p.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d)", p.Status)
	}
	if p.Plain != "" {
		fmt.Fprintf(&b, ": %s", p.Plain)
	}
	if p.RequestID != "" {
		fmt.Fprintf(&b, " [request %s]", p.RequestID)
	}
	if p.Err != nil {
		fmt.Fprintf(&b, ": %v", p.Err)
	}
	return b.String()
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }

// NonRetriable tells the Azure SDK's retry policy to leave the error alone:
// waiting is done by re-queueing, never by sleeping in a billed handler.
func (p *Problem) NonRetriable() {}

// AsProblem finds the Problem in an error chain, or nil.
func AsProblem(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return nil
}

// ClassOf returns the class of err: the Problem's, or ClassRetry for anything
// else, since an unexplained failure (network, deadline) is tried again before
// a person is called. It is "" for nil.
func ClassOf(err error) Class {
	if err == nil {
		return ""
	}
	if p := AsProblem(err); p != nil && p.Class != "" {
		return p.Class
	}
	return ClassRetry
}
