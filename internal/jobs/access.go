package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// gravest orders access states: what bars the whole tenant goes before what
// bars one service. A customer shows the gravest that its job met. A customer
// without Azure is not on the list: there is nothing to have access to.
var gravest = []sam.Reason{
	sam.TenantGone, sam.NotListed, sam.NoConsentRole, sam.ConsentMissing, sam.NoGDAP, sam.BlockedByPolicy, sam.NoReseller,
	sam.RoleInsufficient, sam.NoAzureRBAC, sam.ServiceMissing,
}

// meet remembers an access state if it is graver than what is known.
func (b *job) meet(d decision) {
	rank := slices.Index(gravest, d.reason)
	if d.state != sam.Skipped || rank < 0 {
		return
	}
	if b.barrier == nil || rank < slices.Index(gravest, b.barrier.reason) {
		b.barrier = &d
	}
}

// setAccess tells the customer's record what stood in the way, if anything.
// That nothing did is not written: discovery already assumed so.
func (b *job) setAccess(ctx context.Context) error {
	if b.barrier == nil {
		return nil
	}
	plain, fix := explain(b.barrier.reason)
	if p := b.barrier.problem; p != nil && p.Plain != "" {
		plain, fix = p.Plain, p.Fix
	}
	err := b.Ledger.SetAccess(ctx, b.m.Customer, b.barrier.reason, sentence(plain, fix), b.Now())
	if errors.Is(err, ledger.ErrAbsent) {
		b.Log.WarnContext(ctx, "customer unknown to the ledger, access not recorded", atCustomer(b.m.Customer))
		return nil
	}
	if err != nil {
		return fmt.Errorf("job of customer %s: %w", b.m.Customer, err)
	}
	return nil
}

func sentence(plain, fix string) string {
	if fix == "" {
		return plain
	}
	return plain + " " + fix
}

// explain is what to say about a Reason that no upstream error came with.
func explain(r sam.Reason) (plain, fix string) {
	switch r {
	case sam.NoAzure:
		return "The customer has no Azure subscription.", ""
	case sam.NoAzureRBAC:
		return "The customer has Azure, but the connection may not read any of its subscriptions.",
			"The partner nests its GDAP security group under Admin agents, or the customer grants it the Reader role."
	case sam.NoGDAP:
		return "There is no active delegated admin relationship with this customer.",
			"The partner sends a GDAP request and the customer's admin approves it."
	case sam.NoReason, sam.ConsentMissing, sam.NoConsentRole, sam.NotListed, sam.RoleInsufficient, sam.BlockedByPolicy,
		sam.NoReseller, sam.TenantGone, sam.ServiceMissing:
	}
	return "The customer could not be visited: " + string(r) + ".", ""
}
