package jobs

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// homeProbe tells a customer that refuses the refresh token from a refresh
// token that is dead. Both look the same from the customer's tenant; only the
// connection's own tenant knows, and its cached access tokens hide it for an
// hour, in which a whole sweep would fail customer by customer.
type homeProbe struct {
	credential azcore.TokenCredential
	tenant     sam.TenantID
	scope      string
}

// freshClaims makes the token source ask Entra rather than its cache; it says
// no more than that the client understands claims challenges.
const freshClaims = `{"access_token":{"xms_cc":{"values":["cp1"]}}}`

// explain returns the connection's own problem if its tenant refuses the grant
// too, and err otherwise.
func (h *homeProbe) explain(ctx context.Context, err error, scopes []string) error {
	p := sam.AsProblem(err)
	if p == nil || p.Tenant == h.tenant || !doubtful(p) {
		return err
	}
	if h.scope != "" {
		scopes = []string{h.scope}
	}
	_, herr := h.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: scopes, Claims: freshClaims})
	if hp := sam.AsProblem(herr); hp != nil && (stopsConnection(hp, h.tenant) || hp.Code == codeGateClosed) {
		return hp // in the latter case nobody could be asked: later
	}
	return err
}

// doubtful reports whether what a customer's tenant says may be about the
// grant or the account behind it (revoked, disabled, locked) instead of about
// the customer: it names no state of the customer's.
func doubtful(p *sam.Problem) bool {
	return entra.GrantRefused(p) || p.Class == sam.ClassCustomer && p.Reason == sam.NoReason
}
