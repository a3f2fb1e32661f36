package entra_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"math/big"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// newCertificate is a certificate that can sign, valid for an hour from now.
func newCertificate(t *testing.T, now time.Time) entra.Certificate {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "samkeeper"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return entra.Certificate{X509: parsed, Signer: entra.KeySigner(key)}
}

// certified proves the app with whatever certificate *c is.
func certified(c *entra.Certificate, now func() time.Time) entra.AppCredential {
	public, _ := cloud.Lookup("public")
	return entra.CertificateCredential(entra.CertificateConfig{
		Cloud: public, App: app, Now: now,
		Read: func(context.Context) (entra.Certificate, error) { return *c, nil },
	})
}

func register(sim *simtest.Sim, certificates ...entra.Certificate) {
	sim.World.Change(func(p *world.Partner) {
		p.App.Certificates = nil
		for _, c := range certificates {
			p.App.Certificates = append(p.App.Certificates, world.AppCertificate{Certificate: c.X509})
		}
	})
}

// TestAssertion checks the assertion with another library, to the letter.
func TestAssertion(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 23, 0, 0, 0, time.UTC)
	c := newCertificate(t, now)
	credential := certified(&c, func() time.Time { return now })
	ids := map[string]bool{}
	for range 2 {
		form := url.Values{}
		if err := credential.Apply(t.Context(), customer, form); err != nil {
			t.Fatal(err)
		}
		if got := form.Get("client_assertion_type"); got != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || form.Has("client_secret") {
			t.Errorf("form %v", form)
		}
		signed, err := jose.ParseSignedCompact(form.Get("client_assertion"), []jose.SignatureAlgorithm{jose.PS256})
		if err != nil {
			t.Fatal(err)
		}
		payload, err := signed.Verify(c.X509.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		if got := signed.Signatures[0].Protected.ExtraHeaders["x5t#S256"]; got != entra.Thumbprint(c.X509) {
			t.Errorf("x5t#S256 %v", got)
		}
		var claims map[string]any
		if err := json.Unmarshal(payload, &claims); err != nil {
			t.Fatal(err)
		}
		id, _ := claims["jti"].(string)
		if ids[id] || len(id) != 36 {
			t.Errorf("jti %q is not new", id)
		}
		ids[id] = true
		delete(claims, "jti")
		want := map[string]any{
			"aud": "https://login.microsoftonline.com/" + string(customer) + "/oauth2/v2.0/token",
			"iss": string(app), "sub": string(app),
			"iat": float64(now.Unix()), "nbf": float64(now.Add(-time.Minute).Unix()), "exp": float64(now.Add(10 * time.Minute).Unix()),
		}
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Errorf("claims (-want +got):\n%s", diff)
		}
	}
}

// A certificate that was replaced while ours was kept is read again, and no
// redemption fails for it.
func TestCertificateIsReadAgainWhenRefused(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t, simtest.Options{Seed: 1})
	c := newCertificate(t, sim.World.Now())
	register(sim, c)
	client := clientOf(sim, certified(&c, sim.World.Now))
	ask := func() error {
		request := refresh(partner)
		request.RefreshToken, request.Scope = sam.NewSecret(sim.MintRefreshToken(t, simtest.Mint{})), "https://graph.microsoft.com/.default"
		_, err := client.Redeem(t.Context(), request)
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	c = newCertificate(t, sim.World.Now())
	register(sim, c)
	if err := ask(); err != nil {
		t.Errorf("after the switch: %v", err)
	}
	register(sim)
	if p := sam.AsProblem(ask()); p == nil || p.Code != "AADSTS700027" || p.Class != sam.ClassCredential {
		t.Errorf("taken off the registration: %v", p)
	}
}

type brokenSigner struct{ err error }

func (b brokenSigner) Sign(context.Context, []byte) ([]byte, error) { return nil, b.err }

func TestSignerFails(t *testing.T) {
	t.Parallel()
	outage := &sam.Problem{Class: sam.ClassRetry, Plain: "the vault throttles"}
	for name, row := range map[string]struct {
		err   error
		class sam.Class
	}{"problem of its own": {outage, sam.ClassRetry}, "anything else": {errors.New("no"), sam.ClassCredential}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCertificate(t, time.Now())
			c.Signer = brokenSigner{row.err}
			err := certified(&c, nil).Apply(t.Context(), customer, url.Values{})
			if sam.ClassOf(err) != row.class || !errors.Is(err, row.err) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAppToken(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t, simtest.Options{Seed: 1})
	client := clientOf(sim, secretOf(sim))
	wrong := entra.SecretCredential(func(context.Context) (sam.Secret, error) { return sam.NewSecret("wrong"), nil })
	c := newCertificate(t, sim.World.Now())
	register(sim, c)
	for name, row := range map[string]struct {
		request entra.AppRequest
		code    string
	}{
		"by its own credential":        {entra.AppRequest{Tenant: partner, Scope: "https://graph.microsoft.com/.default"}, ""},
		"by another one":               {entra.AppRequest{Tenant: partner, Scope: "https://graph.microsoft.com/.default", Credential: certified(&c, sim.World.Now)}, ""},
		"a wrong one is not made good": {entra.AppRequest{Tenant: partner, Scope: "https://graph.microsoft.com/.default", Credential: wrong}, "AADSTS7000215"},
		"one permission, not .default": {entra.AppRequest{Tenant: partner, Scope: "https://graph.microsoft.com/User.Read"}, "AADSTS1002012"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tokens, err := client.AppToken(t.Context(), row.request)
			p := sam.AsProblem(err)
			if row.code == "" && (err != nil || tokens.Access.Empty() || !tokens.Refresh.Empty()) || row.code != "" && (p == nil || p.Code != row.code) {
				t.Errorf("%v, want code %q", err, row.code)
			}
		})
	}
	if _, err := client.AppToken(t.Context(), entra.AppRequest{Tenant: partner}); sam.ClassOf(err) != sam.ClassConfiguration {
		t.Errorf("without a scope: %v", err)
	}
}
