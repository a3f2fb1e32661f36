package entra

import (
	"slices"
	"strings"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/sam"
)

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
		wanted = []string{c.Graph, string(cloud.GraphApp)} // tokens name the id as often as the address
	}
	return slices.Contains(wanted, strings.TrimSuffix(audience, "/"))
}
