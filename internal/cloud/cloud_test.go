package cloud_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/internal/cloud"
)

func TestEveryCloudIsWhole(t *testing.T) {
	t.Parallel()
	for _, name := range cloud.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, ok := cloud.Lookup(name)
			if !ok || c.Name != name {
				t.Fatalf("Lookup(%q) = %v, %v", name, c, ok)
			}
			for what, raw := range map[string]string{
				"Login": c.Login, "Issuer": c.Issuer, "STS": c.STS, "Graph": c.Graph, "ARM": c.ARM,
				"PartnerCenter": c.PartnerCenter, "StorageAudience": c.StorageAudience,
			} {
				u, err := url.Parse(raw)
				if err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" {
					t.Errorf("%s = %q: want https://host", what, raw)
				}
			}
			if !strings.HasPrefix(c.VaultSuffix, ".vault.") || !strings.HasPrefix(c.FederationAudience, "api://AzureADTokenExchange") || c.StorageSuffix == "" {
				t.Errorf("suffix or audience is wrong: %+v", c)
			}
		})
	}
}

func TestUnknownCloud(t *testing.T) {
	t.Parallel()
	if c, ok := cloud.Lookup("germany"); ok {
		t.Errorf("the closed cloud is offered: %v", c)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	c, _ := cloud.Lookup("usgov")
	const tid = "0f8fad5b-d9cb-469f-a165-70867728950e"
	for got, want := range map[string]string{
		c.GraphScope():         "https://graph.microsoft.us/.default",
		c.ARMScope():           "https://management.usgovcloudapi.net/.default",
		c.PartnerCenterScope(): "https://api.partnercenter.microsoft.com/.default",
		c.IssuerOf(tid):        "https://login.microsoftonline.us/" + tid + "/v2.0",
		c.STSIssuerOf(tid):     "https://sts.windows.net/" + tid + "/",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
