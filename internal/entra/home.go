package entra

import (
	"slices"
	"strings"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// graphApp is the application id of Microsoft Graph in every cloud. Tokens for
// Graph name it as their audience as often as the address.
const graphApp = "00000003-0000-0000-c000-000000000000"

// HomeScope names what a connection signs in for and is renewed with, and asks
// for a refresh token. A partner's connection names Partner Center, so that its
// policies apply and its v1.0 token shows MFA. A direct customer's tenant has no
// Partner Center; it names Microsoft Graph.
func HomeScope(c cloud.Cloud, k sam.Kind) string {
	resource := c.PartnerCenterScope()
	if k == sam.DirectConnection {
		resource = c.GraphScope()
	}
	return resource + " " + strings.Join(openIDScopes, " ")
}

// ForHome reports whether an audience is the one HomeScope asked for.
func ForHome(c cloud.Cloud, k sam.Kind, audience string) bool {
	wanted := []string{c.PartnerCenter}
	if k == sam.DirectConnection {
		wanted = []string{c.Graph, graphApp}
	}
	return slices.Contains(wanted, strings.TrimSuffix(audience, "/"))
}
