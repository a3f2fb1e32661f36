package control

import (
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/sim/faults"
	"github.com/samkeeper/samkeeper/sim/keyvault"
	"github.com/samkeeper/samkeeper/sim/world"
)

func (s *server) setFault(r *http.Request) (any, error) {
	var f faults.Fault
	if err := decode(r, &f); err != nil {
		return nil, err
	}
	id, err := s.Faults.Set(f)
	if err != nil {
		return nil, err
	}
	return map[string]string{"id": id}, nil
}

func (s *server) clearFaults(*http.Request) (any, error) {
	s.Faults.Clear()
	return map[string]any{"faults": s.Faults.Active()}, nil
}

func (s *server) removeFault(r *http.Request) (any, error) {
	if !s.Faults.Remove(r.PathValue("id")) {
		return nil, fmt.Errorf("%w fault %q", errUnknown, r.PathValue("id"))
	}
	return map[string]any{"faults": s.Faults.Active()}, nil
}

func (s *server) clock(r *http.Request) (any, error) {
	var body struct {
		Advance      string `json:"advance"`
		ExpireTokens bool   `json:"expire_tokens"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	if body.Advance != "" {
		d, err := time.ParseDuration(body.Advance)
		if err != nil || d < 0 {
			return nil, fmt.Errorf("advance %q is not a duration forward in time", body.Advance)
		}
		s.World.Advance(d)
	}
	if body.ExpireTokens {
		s.World.ExpireTokens()
	}
	return map[string]string{"now": s.World.Now().Format(time.RFC3339)}, nil
}

// policyBody are the members of a sign-in policy that may be set; nil stays.
type policyBody struct {
	NotPreconsented  *bool     `json:"not_preconsented"`
	RequireMFA       *bool     `json:"require_mfa"`
	RequireFreshMFA  *bool     `json:"require_fresh_mfa"`
	WithoutRefresh   *bool     `json:"without_refresh"`
	MissingResources *[]string `json:"missing_resources"`
}

func (b policyBody) apply(p *world.SignInPolicy) {
	set(&p.NotPreconsented, b.NotPreconsented)
	set(&p.RequireMFA, b.RequireMFA)
	set(&p.RequireFreshMFA, b.RequireFreshMFA)
	set(&p.WithoutRefresh, b.WithoutRefresh)
	set(&p.MissingResources, b.MissingResources)
}

// customerBody is the access of a customer; nil stays.
type customerBody struct {
	Consented            *bool `json:"consented"`
	PrincipalLeft        *bool `json:"principal_left"`
	GDAP                 *bool `json:"gdap"`
	RBAC                 *bool `json:"rbac"`
	Blocked              *bool `json:"blocked"`
	Gone                 *bool `json:"gone"`
	NoReseller           *bool `json:"no_reseller"`
	ConsentRole          *bool `json:"consent_role"`
	GraphRefuses         *bool `json:"graph_refuses"`
	ResourceGraphRefuses *bool `json:"resource_graph_refuses"`
	policyBody
}

func (b customerBody) change(c *world.Customer) {
	set(&c.Consented, b.Consented)
	set(&c.PrincipalLeft, b.PrincipalLeft)
	set(&c.GDAP, b.GDAP)
	set(&c.RBAC, b.RBAC)
	set(&c.Blocked, b.Blocked)
	set(&c.Gone, b.Gone)
	set(&c.NoReseller, b.NoReseller)
	set(&c.ConsentRole, b.ConsentRole)
	set(&c.GraphRefuses, b.GraphRefuses)
	set(&c.ResourceGraphRefuses, b.ResourceGraphRefuses)
}

// set copies a member that was given.
func set[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}

func (s *server) customer(r *http.Request) (any, error) {
	tid := r.PathValue("tid")
	var body customerBody
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	if !s.World.Mutate(tid, body.change) {
		return nil, fmt.Errorf("%w customer %q", errUnknown, tid)
	}
	s.World.SetPolicy(tid, body.apply)
	c, _ := s.World.Customer(tid)
	return map[string]any{
		"customer": tid, "name": c.Name, "consented": c.Consented, "gdap": c.GDAP,
		"rbac": c.RBAC, "blocked": c.Blocked, "gone": c.Gone, "policy": s.World.Policy(tid),
	}, nil
}

func (s *server) policy(r *http.Request) (any, error) {
	tid, ok := s.World.TenantByName(r.PathValue("tid"))
	if !ok {
		return nil, fmt.Errorf("%w tenant %q", errUnknown, r.PathValue("tid"))
	}
	var body policyBody
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	s.World.SetPolicy(tid, body.apply)
	return map[string]any{"tenant": tid, "policy": s.World.Policy(tid)}, nil
}

func (s *server) user(r *http.Request) (any, error) {
	var body struct {
		Disabled *bool `json:"disabled"`
		Guest    *bool `json:"guest"`
		MFA      *bool `json:"mfa"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	who := r.PathValue("who")
	found := s.World.ChangeUser(who, func(u *world.User) {
		set(&u.Disabled, body.Disabled)
		set(&u.Guest, body.Guest)
		set(&u.MFA, body.MFA)
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
		Role keyvault.Role `json:"role"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	switch body.Role {
	case keyvault.Officer, keyvault.Reader, keyvault.NoRole:
		s.Vault.SetRole(body.Role)
		return body, nil
	}
	return nil, fmt.Errorf("role %q is none of officer, reader, none", body.Role)
}

func (s *server) rotateKeys(*http.Request) (any, error) {
	if err := s.Ring.Rotate(); err != nil {
		return nil, err
	}
	return map[string]int{"published": len(s.Ring.Published("", ""))}, nil
}
