package entra_test

import (
	"testing"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
)

func TestHome(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		cloud    string
		kind     sam.Kind
		scope    string
		audience string
		want     bool
	}{
		"partner":                   {"public", sam.PartnerConnection, "https://api.partnercenter.microsoft.com/.default openid profile offline_access", "https://api.partnercenter.microsoft.com", true},
		"partner, with a slash":     {"public", sam.PartnerConnection, "https://api.partnercenter.microsoft.com/.default openid profile offline_access", "https://api.partnercenter.microsoft.com/", true},
		"partner, token for Graph":  {"public", sam.PartnerConnection, "https://api.partnercenter.microsoft.com/.default openid profile offline_access", "https://graph.microsoft.com", false},
		"kind unknown is a partner": {"public", "", "https://api.partnercenter.microsoft.com/.default openid profile offline_access", "https://api.partnercenter.microsoft.com", true},
		"direct":                    {"public", sam.DirectConnection, "https://graph.microsoft.com/.default openid profile offline_access", "https://graph.microsoft.com", true},
		"direct, by application id": {"china", sam.DirectConnection, "https://microsoftgraph.chinacloudapi.cn/.default openid profile offline_access", "00000003-0000-0000-c000-000000000000", true},
		"direct, other cloud":       {"usgov", sam.DirectConnection, "https://graph.microsoft.us/.default openid profile offline_access", "https://graph.microsoft.com", false},
		"nothing":                   {"public", sam.DirectConnection, "https://graph.microsoft.com/.default openid profile offline_access", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := cloud.Lookup(row.cloud)
			if got := entra.HomeScope(c, row.kind); got != row.scope {
				t.Errorf("scope %q", got)
			}
			if got := entra.ForHome(c, row.kind, row.audience); got != row.want {
				t.Errorf("audience %q: %v", row.audience, got)
			}
		})
	}
}
