package world

import (
	"crypto/x509"
	"slices"
	"time"
)

// AppObjectID is the directory object of the app registration: what Graph
// calls its id, which is not its application (client) id.
const AppObjectID = "22222222-2222-4222-8222-222222222200"

// OwnsItself is the application permission with which an app may change the
// registrations it owns.
const OwnsItself = "Application.ReadWrite.OwnedBy"

// App is the multi-tenant app registration in the partner tenant.
type App struct {
	ID           string
	Object       string // the registration's own object id
	Name         string
	Home         string   // tenant of the registration
	RedirectURIs []string // http://localhost and http://127.0.0.1 match on any port (RFC 8252, 7.3)
	IDTokens     bool     // "ID tokens" ticked: hybrid flow allowed
	Roles        []string // application permissions granted in the partner tenant
	Secrets      []AppSecret
	Certificates []AppCertificate
	Federated    []FederatedCredential
	Disabled     bool
	// Spread is how long the login hosts need to learn of a credential that
	// was added through Graph; 0 is at once.
	Spread time.Duration
}

// AppSecret is a client secret.
type AppSecret struct {
	ID      string
	Name    string
	Value   string
	Starts  time.Time
	Expires time.Time
	Known   time.Time // from when on the login hosts know it
}

// AppCertificate is a certificate whose assertions the app is known by.
type AppCertificate struct {
	ID          string
	Name        string
	Certificate *x509.Certificate
	Known       time.Time // from when on the login hosts know it
}

func newApp(cloud Cloud, now time.Time, random mint) *App {
	return &App{
		ID:           AppID,
		Object:       AppObjectID,
		Name:         "samkeeper",
		Home:         PartnerTenantID,
		RedirectURIs: []string{"http://localhost/api/consent/callback", "http://127.0.0.1/api/consent/callback"},
		IDTokens:     true,
		Roles:        []string{OwnsItself},
		Secrets: []AppSecret{{
			ID: "66666666-6666-4666-8666-666666666666", Name: "by hand", Value: random(30), Starts: now, Expires: now.AddDate(2, 0, 0),
		}},
		Federated: []FederatedCredential{{
			Name: "function-app", Issuer: cloud.IssuerV2(PartnerTenantID),
			Subject: IdentityPrincipal, Audience: cloud.FederationAudience,
		}},
	}
}

// Copy is the registration as it is now, its lists apart from the original's.
// Call it inside View or Change.
func (a *App) Copy() App {
	c := *a
	c.Roles, c.Secrets = slices.Clone(a.Roles), slices.Clone(a.Secrets)
	c.Certificates, c.Federated = slices.Clone(a.Certificates), slices.Clone(a.Federated)
	return c
}

// RotateAppSecret adds a client secret valid for two years and makes it the
// newest; with retire the older ones expire at once. It returns the value.
// Locks.
func (w *World) RotateAppSecret(id string, retire bool) string {
	now := w.Now()
	value := w.secrets.mint(30)
	w.Change(func(p *Partner) {
		if retire {
			for i := range p.App.Secrets {
				p.App.Secrets[i].Expires = now
			}
		}
		p.App.Secrets = append(p.App.Secrets, AppSecret{ID: id, Value: value, Starts: now, Expires: now.AddDate(2, 0, 0)})
	})
	return value
}

// AppSecret is the newest client secret of the app. Locks.
func (w *World) AppSecret() string {
	var value string
	w.View(func() {
		if s := w.partner.App.Secrets; len(s) > 0 {
			value = s[len(s)-1].Value
		}
	})
	return value
}
