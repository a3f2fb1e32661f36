package upstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Call is what an adapter knows about a request when it fails.
type Call struct {
	Op     string       // what was attempted, "list Partner Center customers"
	Tenant sam.TenantID // whose data was asked for
}

// Verdict is what an adapter reads out of an Answer.
type Verdict struct {
	Class  sam.Class
	Reason sam.Reason
	Code   string
	Detail string        // upstream's own message
	Wait   time.Duration // a wait named in the body; a header goes first
	Plain  string
	Fix    string
}

// Problem turns any error of an SDK call into a *sam.Problem; nil stays nil.
// read is asked for a Verdict when the service answered. A Problem already in
// the chain, such as the refusal of a token, is returned as it is.
func Problem(call Call, err error, now time.Time, read func(Answer) Verdict) error {
	if err == nil {
		return nil
	}
	if p := sam.AsProblem(err); p != nil {
		return p
	}
	answer, ok := AnswerOf(err)
	if !ok {
		return silence(call, err)
	}
	v := read(answer)
	wait := ParseRetryAfter(answer.Header.Get("Retry-After"), now)
	if wait == 0 {
		wait = min(max(v.Wait, 0), longestWait)
	}
	p := &sam.Problem{
		Op: call.Op, Tenant: call.Tenant, Class: v.Class, Reason: v.Reason,
		Code: clip(v.Code, 80), Status: answer.Status, RequestID: answer.RequestID(),
		RetryAfter: wait, Plain: v.Plain, Fix: v.Fix,
	}
	if v.Detail != "" {
		p.Err = errors.New(clip(v.Detail, 512)) // the service's own words
	}
	return p
}

// silence is a failure without an answer, or with one we cannot read.
func silence(call Call, err error) *sam.Problem {
	p := &sam.Problem{Op: call.Op, Tenant: call.Tenant, Class: sam.ClassRetry, Err: err}
	var foreign *ForeignHostError
	switch {
	case errors.As(err, &foreign):
		p.Class = sam.ClassConfiguration
		p.Code = "ForeignLink"
		p.Plain = "The service answered with a link to another host, which was not followed."
		p.Fix = "Check the endpoint settings; if they are right, report the link to Microsoft."
	case noAnswer(err):
		p.Code = "NoAnswer"
		p.Plain = "The service did not answer."
		p.Fix = "Nothing to do: it is tried again by itself. If it persists, check the network and the endpoint settings."
	default:
		p.Code = "UnreadableAnswer"
		p.Plain = "The service's answer could not be read."
		p.Fix = "Nothing to do: it is tried again by itself. If it persists, report it with the error text."
	}
	return p
}

func noAnswer(err error) bool {
	var ue *url.Error
	var ne net.Error
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &ue) || errors.As(err, &ne)
}

// StatusVerdict is the reading by status alone, for codes nobody knows:
// throttling, outages and refused tokens pass; the rest is our request.
func StatusVerdict(status int) Verdict {
	v := Verdict{Class: sam.ClassRetry, Code: fmt.Sprintf("HTTP%d", status)}
	switch {
	case status == http.StatusTooManyRequests:
		v.Plain = "The service asks for fewer requests."
		v.Fix = "Nothing to do: the work goes on after the time it named."
	case status >= 500 || status == http.StatusRequestTimeout:
		v.Plain = "The service failed to answer the request."
		v.Fix = "Nothing to do: it is tried again by itself."
	case status == http.StatusUnauthorized:
		v.Plain = "The service refused the access token."
		v.Fix = "It is tried again with a new token; if it persists, sign in again on the consent page."
	case status == http.StatusNotFound || status == http.StatusConflict:
		v.Plain = "The service does not know the resource yet, or no longer."
		v.Fix = "It is tried again by itself; if it persists, look at the resource in the portal."
	default:
		v.Class = sam.ClassConfiguration
		v.Plain = "The service refused the request."
		v.Fix = "Report it with the code and the request id; the request itself has to change."
	}
	return v
}

// NewCall describes a request made with cred about the tenant of its tokens.
func NewCall(op string, cred azcore.TokenCredential) Call {
	return Call{Op: op, Tenant: TenantOf(cred)}
}

// TenantOf is the tenant a credential mints tokens for, when it says so.
func TenantOf(cred azcore.TokenCredential) sam.TenantID {
	if c, ok := cred.(interface{ Tenant() sam.TenantID }); ok {
		return c.Tenant()
	}
	return ""
}

// BlockedByPolicy is the verdict on a claims challenge that could not be met.
func BlockedByPolicy(v Verdict) Verdict {
	v.Class, v.Reason = sam.ClassPolicy, sam.BlockedByPolicy
	v.Plain = "A Conditional Access policy of this tenant asks for more than the connection can prove."
	v.Fix = "The tenant's admin excludes service provider users of the partner tenant from the policy."
	return v
}
