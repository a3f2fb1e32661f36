package rotation

import (
	"context"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const (
	// askEvery is a little less than the shortest time between two rotations
	// on schedule: each of these asks, a forced one in between does not.
	askEvery = Interval - MaxJitter
	// askTimeout bounds the question; the rotation is complete without it.
	askTimeout = 20 * time.Second
)

// CodeNotCompliant is the code of a warning: Partner Center serves the
// connection and says that it will stop doing so.
const CodeNotCompliant = "mfa_not_compliant"

// askPartnerCenter keeps Partner Center's own word on the sign-in's second
// factor with the connection. amr is what Entra says; enforcement is Partner
// Center's, by a growing share of the calls, so it is asked before it refuses.
// An answer that does not come is asked for again by the next rotation.
func (a *attempt) askPartnerCenter(ctx context.Context) error {
	if a.PartnerCenter == nil || a.row.Kind == sam.DirectConnection || ctx.Err() != nil {
		return nil
	}
	if a.Now().Sub(a.row.MFACheckedAt) < askEvery && !refusedByPartnerCenter(a.row) {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	compliant, err := a.PartnerCenter.MFACompliant(asking, proved{a.conn.Tenant(), a.proof})
	refusal := sam.AsProblem(err)
	if err != nil && (refusal == nil || refusal.Code != partnercenter.CodeMFARequired) {
		return nil // no answer; see above
	}
	ctx, cancelWriting := aftermath(ctx)
	defer cancelWriting()
	return a.keepWord(ctx, compliant, refusal)
}

// keepWord writes the answer down, unless a consent has replaced the grant it
// is about, and raises what is news.
func (a *attempt) keepWord(ctx context.Context, compliant bool, refusal *sam.Problem) error {
	now := a.Now()
	var row ledger.Connection
	written, err := a.Ledger.ChangeConnection(ctx, a.conn, func(c *ledger.Connection) bool {
		if !c.ConsentedAt.Equal(a.row.ConsentedAt) {
			return false
		}
		a.judge(c, compliant, refusal, now)
		row = *c
		return true
	})
	if err != nil {
		return fmt.Errorf("keep Partner Center's word on connection %s: %w", a.conn, err)
	}
	if !written {
		return nil
	}
	return a.raiseWord(ctx, row)
}

// judge is the pure half: what an answer changes about a connection.
func (a *attempt) judge(c *ledger.Connection, compliant bool, refusal *sam.Problem, now time.Time) {
	c.MFACompliant, c.MFACheckedAt = compliant, now
	switch {
	case compliant:
		c.Warning = nil
		if refusedByPartnerCenter(*c) {
			c.Problem, c.BrokenAt, c.NextAttempt = nil, time.Time{}, time.Time{}
		}
	case refusal != nil && !refusedByPartnerCenter(*c):
		c.Warning, c.BrokenAt, c.NextAttempt = nil, now, now.Add(Probe)
		c.Problem = &ledger.ConnectionProblem{
			Class: refusal.Class, Code: refusal.Code, Plain: refusal.Plain, Fix: a.fix(refusal), RequestID: refusal.RequestID, Since: now,
		}
	case refusal == nil && c.Warning == nil && !refusedByPartnerCenter(*c):
		p := &sam.Problem{
			Class: sam.ClassReconsent,
			Plain: "Partner Center still serves this connection but does not accept its second factor; it refuses a growing share of such calls.",
			Fix:   "Sign in again on the consent page with MFA before it does.",
		}
		c.Warning = &ledger.ConnectionProblem{Class: p.Class, Code: CodeNotCompliant, Plain: p.Plain, Fix: a.fix(p), Since: now}
	}
}

// raiseWord tells a person, once, of what the answer brought up.
func (a *attempt) raiseWord(ctx context.Context, row ledger.Connection) error {
	told := row
	switch {
	case refusedByPartnerCenter(row) && !row.Problem.Raised:
	case row.Warning != nil && !row.Warning.Raised:
		told.Problem = row.Warning
	default:
		return nil
	}
	if a.Raise(ctx, told) != nil {
		return nil //nolint:nilerr // not marked as raised, so the next answer raises it again
	}
	_, err := a.Ledger.ChangeConnection(ctx, a.conn, func(c *ledger.Connection) bool {
		for _, p := range []*ledger.ConnectionProblem{c.Problem, c.Warning} {
			if p != nil && p.Code == told.Problem.Code {
				p.Raised = true
			}
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("mark the problem of connection %s as raised: %w", a.conn, err)
	}
	return nil
}

// refusedByPartnerCenter tells the one problem that Entra cannot see.
func refusedByPartnerCenter(c ledger.Connection) bool {
	return c.Problem != nil && c.Problem.Code == partnercenter.CodeMFARequired
}

// proved is the access token that the proof brought, as a credential.
type proved struct {
	tenant sam.TenantID
	tokens entra.Tokens
}

// Tenant is whose token it is.
func (p proved) Tenant() sam.TenantID { return p.tenant }

// GetToken implements azcore.TokenCredential.
func (p proved) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: p.tokens.Access.Reveal(), ExpiresOn: p.tokens.ExpiresOn}, nil
}
