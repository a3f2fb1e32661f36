package sim

import (
	"maps"
	"time"

	"github.com/samkeeper/samkeeper/sim/control"
	"github.com/samkeeper/samkeeper/sim/world"
)

// Env are the settings that aim a handler at this simulator. Storage and the
// public URL of the handler are not the simulator's to give.
func (s *Server) Env() map[string]string {
	env := map[string]string{
		"SAMKEEPER_CLOUD":                  s.World.Cloud().Name,
		"SAMKEEPER_PARTNER_TENANTS":        world.PartnerTenantID,
		"SAMKEEPER_APP_ID":                 world.AppID,
		"SAMKEEPER_APP_CREDENTIAL":         "managed-identity",
		"SAMKEEPER_APP_SECRET_NAME":        world.AppSecretName,
		"SAMKEEPER_IDENTITY_CLIENT_ID":     world.IdentityClientID,
		"SAMKEEPER_CONSENT_ACCOUNTS":       world.IntegrationUserID,
		"SAMKEEPER_VAULT_URL":              s.VaultURL,
		"SAMKEEPER_LOGIN_ENDPOINT":         s.LoginURL,
		"SAMKEEPER_GRAPH_ENDPOINT":         s.GraphURL,
		"SAMKEEPER_ARM_ENDPOINT":           s.ARMURL,
		"SAMKEEPER_PARTNERCENTER_ENDPOINT": s.PartnerCenterURL,
		"IDENTITY_ENDPOINT":                s.IdentityURL,
		"IDENTITY_HEADER":                  IdentityHeader,
	}
	if s.CAFile != "" {
		env["SAMKEEPER_CA_FILE"] = s.CAFile
	}
	return env
}

// Listening are the base URLs by logical host.
func (s *Server) Listening() map[string]string {
	return map[string]string{
		"login": s.LoginURL, "vault": s.VaultURL, "partnercenter": s.PartnerCenterURL,
		"graph": s.GraphURL, "arm": s.ARMURL, "identity": s.IdentityURL, "control": s.ControlURL,
	}
}

// Info is what GET /sim/info answers.
func (s *Server) Info() control.Info {
	return control.Info{
		Env: s.Env(), Listening: s.Listening(), Endpoints: maps.Clone(s.Listening()),
		Customers: len(s.World.Customers()), Seed: s.World.Seed(), Cloud: s.World.Cloud().Name,
		Now: s.World.Now().Format(time.RFC3339),
	}
}
