package control

import (
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/sim/keyvault"
	"github.com/samkeeper/samkeeper/sim/world"
)

func (s *server) user(r *http.Request) (any, error) {
	var body struct {
		Disabled   *bool `json:"disabled"`
		Guest      *bool `json:"guest"`
		MFA        *bool `json:"mfa"`
		OutOfGroup *bool `json:"out_of_group"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	who := r.PathValue("who")
	found := s.World.ChangeUser(who, func(u *world.User) {
		set(&u.Disabled, body.Disabled)
		set(&u.Guest, body.Guest)
		set(&u.MFA, body.MFA)
		set(&u.OutOfGroup, body.OutOfGroup)
	})
	if !found {
		return nil, fmt.Errorf("%w user %q", errUnknown, who)
	}
	u, _ := s.World.User(world.PartnerTenantID, who)
	return u, nil
}

func (s *server) revoke(r *http.Request) (any, error) {
	var body struct {
		Tenant string `json:"tenant"`
		Object string `json:"object"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	if body.Tenant != "" {
		if _, ok := s.World.User(body.Tenant, body.Object); !ok {
			return nil, fmt.Errorf("%w user %q in tenant %q", errUnknown, body.Object, body.Tenant)
		}
	}
	return map[string]int{"revoked": s.World.RevokeGrants(body.Object)}, nil
}

// rotateSecret makes a new client secret and puts it into the vault, without
// showing it.
func (s *server) rotateSecret(r *http.Request) (any, error) {
	var body struct {
		Retire bool `json:"retire"` // the older secrets expire at once
		Keep   bool `json:"keep"`   // the vault is left as it is
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	id := uuid.NewString()
	value := s.World.RotateAppSecret(id, body.Retire)
	if !body.Keep {
		s.Vault.Preset(world.AppSecretName, value)
	}
	return map[string]any{"id": id, "vault": world.AppSecretName, "stored": !body.Keep}, nil
}

// federation replaces the subject of the app's federated credential; an empty
// one restores the managed identity's.
func (s *server) federation(r *http.Request) (any, error) {
	var body struct {
		Subject string `json:"subject"`
		Remove  bool   `json:"remove"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	subject := body.Subject
	if subject == "" {
		subject = world.IdentityPrincipal
	}
	cloud := s.World.Cloud()
	s.World.Change(func(p *world.Partner) {
		p.App.Federated = nil
		if !body.Remove {
			p.App.Federated = []world.FederatedCredential{{
				Name: "function-app", Issuer: cloud.IssuerV2(p.TenantID), Subject: subject, Audience: cloud.FederationAudience,
			}}
		}
	})
	return map[string]any{"subject": subject, "removed": body.Remove}, nil
}

func (s *server) vaultRole(r *http.Request) (any, error) {
	var body struct {
		Role keyvault.Role `json:"role,omitempty"` // for secrets
		Keys keyvault.Role `json:"keys,omitempty"` // for keys
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	for role, set := range map[*keyvault.Role]func(keyvault.Role){&body.Role: s.Vault.SetRole, &body.Keys: s.Vault.SetKeyRole} {
		switch *role {
		case keyvault.Officer, keyvault.Reader, keyvault.NoRole:
			set(*role)
		case "":
		default:
			return nil, fmt.Errorf("role %q is none of officer, reader, none", *role)
		}
	}
	return body, nil
}

// spread sets how long a credential added through Graph needs to become known.
func (s *server) spread(r *http.Request) (any, error) {
	var body struct {
		Delay string `json:"delay"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	d, err := time.ParseDuration(body.Delay)
	if err != nil || d < 0 {
		return nil, fmt.Errorf("delay %q is not a duration", body.Delay)
	}
	s.World.Change(func(p *world.Partner) { p.App.Spread = d })
	return body, nil
}

func (s *server) rotateKeys(*http.Request) (any, error) {
	if err := s.Ring.Rotate(); err != nil {
		return nil, err
	}
	return map[string]int{"published": len(s.Ring.Published("", ""))}, nil
}
