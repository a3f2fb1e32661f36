package sam_test

import (
	"net/url"
	"testing"

	"github.com/samkeeper/samkeeper/internal/sam"
)

func TestAdvise(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		class  sam.Class
		reason sam.Reason
		code   string
		home   bool
		owner  sam.Owner
		reach  sam.Reach
	}{
		"grant revoked":                      {sam.ClassReconsent, "", "AADSTS50173", true, sam.OwnerPartner, sam.ReachConnection},
		"secret expired, met at a customer":  {sam.ClassCredential, "", "AADSTS7000222", false, sam.OwnerPartner, sam.ReachEverything},
		"policy at home":                     {sam.ClassPolicy, "", "AADSTS53003", true, sam.OwnerPartner, sam.ReachConnection},
		"policy of a customer":               {sam.ClassPolicy, sam.BlockedByPolicy, "AADSTS53003", false, sam.OwnerCustomer, sam.ReachCustomer},
		"policy of a customer, no reason":    {sam.ClassPolicy, "", "", false, sam.OwnerCustomer, sam.ReachCustomer},
		"our way out":                        {sam.ClassCustomer, sam.BlockedByPolicy, "AADSTS500212", false, sam.OwnerPartner, sam.ReachCustomer},
		"blocked as a partner":               {sam.ClassPolicy, sam.BlockedByPolicy, "AADSTS530034", false, sam.OwnerPartner, sam.ReachEverything},
		"risk in our tenant":                 {sam.ClassPolicy, sam.BlockedByPolicy, "AADSTS53011", false, sam.OwnerPartner, sam.ReachCustomer},
		"no consent":                         {sam.ClassCustomer, sam.ConsentMissing, "AADSTS65001", false, sam.OwnerPartner, sam.ReachCustomer},
		"no relationship":                    {sam.ClassCustomer, sam.NoGDAP, "AADSTS50020", false, sam.OwnerCustomer, sam.ReachCustomer},
		"our scope is wrong":                 {sam.ClassConfiguration, "", "AADSTS70011", false, sam.OwnerPartner, sam.ReachEverything},
		"the vault forbids us":               {sam.ClassConfiguration, "", "ForbiddenByRbac", true, sam.OwnerPartner, sam.ReachEverything},
		"a request refused at a customer":    {sam.ClassConfiguration, "", "InvalidQuery", false, sam.OwnerPartner, sam.ReachCustomer},
		"outage at a customer":               {sam.ClassRetry, "", "HTTP503", false, sam.OwnerPartner, sam.ReachCustomer},
		"outage at home":                     {sam.ClassRetry, "", "AADSTS90033", true, sam.OwnerPartner, sam.ReachConnection},
		"a class and a reason of the future": {"lunar", "eclipse", "", false, sam.OwnerPartner, sam.ReachCustomer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := sam.Advise(row.class, row.reason, row.code, row.home)
			if got.Owner != row.owner || got.Reach != row.reach {
				t.Errorf("%+v, want %s, %s", got, row.owner, row.reach)
			}
			if u, err := url.Parse(got.Link); err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
				t.Errorf("link %q", got.Link)
			}
		})
	}
}
