package world

import "time"

// Fixed identities: the same for every seed, so that settings and tests can
// name them.
const (
	PartnerTenantID   = "11111111-1111-4111-8111-111111111111"
	AppID             = "22222222-2222-4222-8222-222222222222"
	IntegrationUserID = "33333333-3333-4333-8333-333333333333"
	IntegrationUPN    = "sam.keeper@partner.example"
	IdentityClientID  = "44444444-4444-4444-8444-444444444444"
	IdentityPrincipal = "55555555-5555-4555-8555-555555555555"
	partnerDomain     = "partner.example"
	AppSecretName     = "app-secret" // secret of the simulated vault that holds the client secret
)

// Partner is the partner's own tenant: its people, the app registration and
// the managed identity of the function app. Guarded by the world's lock.
type Partner struct {
	TenantID string
	Name     string
	Domain   string
	Users    []*User
	App      *App
	Identity ManagedIdentity
}

// User is an account that can sign in.
type User struct {
	Tenant   string // home tenant
	Object   string
	UPN      string
	Name     string
	Given    string
	Family   string
	MFA      bool // has a second factor to offer
	Guest    bool // a guest object in the customers: GDAP does not carry it
	Disabled bool
	Admin    bool // can consent for its whole tenant
	// OutOfGroup: was taken out of the group that the customers' relationships
	// are assigned to; it is still an admin agent.
	OutOfGroup bool
}

// FederatedCredential trusts tokens whose iss, sub and aud are exactly these.
type FederatedCredential struct {
	Name     string
	Issuer   string
	Subject  string
	Audience string
}

// ManagedIdentity is the user-assigned identity of the function app.
type ManagedIdentity struct {
	ClientID  string
	Principal string
	Tenant    string
	Name      string
}

// mint makes and records a random secret value of n bytes.
type mint func(n int) string

func newPartner(cloud Cloud, now time.Time, random mint) *Partner {
	return &Partner{
		TenantID: PartnerTenantID,
		Name:     "Partner Example",
		Domain:   partnerDomain,
		Users:    partnerUsers(),
		App:      newApp(cloud, now, random),
		Identity: ManagedIdentity{
			ClientID: IdentityClientID, Principal: IdentityPrincipal,
			Tenant: PartnerTenantID, Name: "id-samkeeper",
		},
	}
}

// partnerUsers are the people a sign-in page offers: one who should be used,
// and one for each way of choosing wrongly.
func partnerUsers() []*User {
	user := func(oid, upn, given, family string) *User {
		return &User{
			Tenant: PartnerTenantID, Object: oid, UPN: upn + "@" + partnerDomain,
			Given: given, Family: family, Name: given + " " + family, MFA: true, Admin: true,
		}
	}
	keeper := user(IntegrationUserID, "sam.keeper", "Sam", "Keeper")
	other := user("33333333-3333-4333-8333-333333333301", "olga.other", "Olga", "Other")
	plain := user("33333333-3333-4333-8333-333333333302", "nora.nofactor", "Nora", "Nofactor")
	plain.MFA = false
	guest := user("33333333-3333-4333-8333-333333333303", "gus.guest", "Gus", "Guest")
	guest.Guest = true
	gone := user("33333333-3333-4333-8333-333333333304", "dora.disabled", "Dora", "Disabled")
	gone.Disabled = true
	return []*User{keeper, other, plain, guest, gone}
}

// AddRedirectURI registers one more reply address. Locks.
func (w *World) AddRedirectURI(uri string) {
	w.Change(func(p *Partner) { p.App.RedirectURIs = append(p.App.RedirectURIs, uri) })
}
