package entra_test

import (
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/internal/entra"
)

// The same refusal ends a connection in the partner's tenant, and is one
// customer's state in a customer's.
func ExampleClassify() {
	body := []byte(`{"error":"invalid_grant","error_codes":[50076],"suberror":"basic_action"}`)
	home := entra.Classify("redeem refresh token", partner, partner, 400, nil, body, time.Now())
	there := entra.Classify("redeem refresh token", customer, partner, 400, nil, body, time.Now())
	fmt.Println(home.Class, "-", home.Fix)
	fmt.Println(there.Class, there.Reason, "-", there.Plain)
	// Output:
	// reconsent - Sign in again through the consent page, with MFA.
	// policy blocked_by_policy - MFA is demanded, and the refresh token does not carry it.
}
