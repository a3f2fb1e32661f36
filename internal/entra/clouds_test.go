package entra_test

import (
	"net/url"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"golang.org/x/oauth2"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// clientIn connects to a simulator as if it were the named cloud.
func clientIn(t *testing.T, sim *simtest.Sim, name string, credential entra.AppCredential) (*entra.Client, cloud.Cloud) {
	t.Helper()
	c, ok := cloud.Lookup(name)
	if !ok {
		t.Fatalf("no cloud %q", name)
	}
	return entra.New(entra.Config{
		Cloud: c, LoginURL: sim.LoginURL, App: app, Credential: credential, HTTP: sim.HTTPClient(), Now: sim.World.Now,
	}), c
}

// TestCloudsSignIn: a sign-in of each cloud is taken by a client of that cloud
// and by no other, which would mean that it was redirected across clouds.
func TestCloudsSignIn(t *testing.T) {
	t.Parallel()
	for _, name := range cloud.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simtest.Start(t, simtest.Options{Seed: 1, Cloud: name})
			client, here := clientIn(t, sim, name, secretOf(sim))
			verifier := oauth2.GenerateVerifier()
			callback := sim.SignIn(t, client.AuthorizeURL(entra.AuthorizeRequest{
				Tenant: partner, RedirectURI: redirect, State: "state-1", Nonce: nonce,
				Challenge: oauth2.S256ChallengeFromVerifier(verifier), Scope: here.PartnerCenterScope(),
			}), simtest.Person{})
			tokens, err := client.RedeemCode(t.Context(), entra.CodeRequest{
				Tenant: partner, Code: sam.NewSecret(callback.Form.Get("code")), Verifier: sam.NewSecret(verifier), RedirectURI: redirect, Scope: here.PartnerCenterScope(),
			})
			if err != nil {
				t.Fatal(err)
			}
			if evidence, err := entra.Inspect(tokens.Access); err != nil || evidence.Audience != here.PartnerCenter || !evidence.MFA() {
				t.Errorf("evidence %+v, %v", evidence, err)
			}
			for _, other := range cloud.Names() {
				judge, _ := clientIn(t, sim, other, secretOf(sim))
				if who, err := judge.VerifyIDToken(t.Context(), tokens.ID, expectation()); (err == nil) != (other == name) {
					t.Errorf("a client of %s judged it as %+v, %v", other, who, err)
				}
			}
			again := refresh(partner)
			again.RefreshToken, again.Scope = tokens.Refresh, here.GraphScope()
			if _, err := client.Redeem(t.Context(), again); err != nil {
				t.Errorf("Graph of this cloud: %v", err)
			}
			for _, other := range cloud.Names() {
				there, _ := cloud.Lookup(other)
				if again.Scope = there.GraphScope(); other == name {
					continue
				}
				if _, err := client.Redeem(t.Context(), again); sam.AsProblem(err) == nil || sam.AsProblem(err).Code != "AADSTS500011" {
					t.Errorf("a token for Graph of %s: %v", other, err)
				}
			}
		})
	}
}

// TestCloudsFederate: the managed identity proves the app with its own cloud's
// audience alone.
func TestCloudsFederate(t *testing.T) {
	for _, name := range cloud.Names() {
		t.Run(name, func(t *testing.T) {
			sim := simtest.Start(t, simtest.Options{Seed: 1, Cloud: name})
			t.Setenv("IDENTITY_ENDPOINT", sim.IdentityURL)
			t.Setenv("IDENTITY_HEADER", sim.IdentityHeader)
			mi, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
				ClientOptions: azcore.ClientOptions{Transport: sim.HTTPClient()}, ID: azidentity.ClientID(world.IdentityClientID),
			})
			if err != nil {
				t.Fatal(err)
			}
			again := refresh(partner)
			again.RefreshToken = sam.NewSecret(sim.MintRefreshToken(t, simtest.Mint{}))
			for _, other := range cloud.Names() {
				there, _ := cloud.Lookup(other)
				client, here := clientIn(t, sim, name, entra.FederatedCredential(mi, there.FederationAudience))
				again.Scope = here.PartnerCenterScope()
				if _, err := client.Redeem(t.Context(), again); (err == nil) != (other == name) {
					t.Errorf("audience of %s: %v", other, err)
				}
			}
		})
	}
}

// TestCloudsSendPeopleHome: the sign-in page is the cloud's own.
func TestCloudsSendPeopleHome(t *testing.T) {
	t.Parallel()
	for _, name := range cloud.Names() {
		c, _ := cloud.Lookup(name)
		at, err := url.Parse(entra.New(entra.Config{Cloud: c, App: app}).AuthorizeURL(entra.AuthorizeRequest{Tenant: partner, Scope: c.PartnerCenterScope()}))
		if err != nil || at.Scheme+"://"+at.Host != c.Login {
			t.Errorf("%s signs in at %v, %v", name, at, err)
		}
	}
}
