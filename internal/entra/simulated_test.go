package entra_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"golang.org/x/oauth2"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/sim/faults"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

const redirect = "http://localhost:7071/api/consent/callback"

// secretOf proves the app with the newest client secret of the simulated app.
func secretOf(sim *simtest.Sim) entra.AppCredential {
	return entra.SecretCredential(func(context.Context) (sam.Secret, error) { return sam.NewSecret(sim.World.AppSecret()), nil })
}

func clientOf(sim *simtest.Sim, credential entra.AppCredential) *entra.Client {
	public, _ := cloud.Lookup("public")
	return entra.New(entra.Config{
		Cloud: public, LoginURL: sim.LoginURL, App: app, Credential: credential, HTTP: sim.HTTPClient(), Now: sim.World.Now,
	})
}

// signIn walks the pages and returns what the callback needs for redemption.
func signIn(t *testing.T, sim *simtest.Sim, client *entra.Client, who simtest.Person) (entra.CodeRequest, url.Values) {
	t.Helper()
	public, _ := cloud.Lookup("public")
	verifier := oauth2.GenerateVerifier()
	callback := sim.SignIn(t, client.AuthorizeURL(entra.AuthorizeRequest{
		Tenant: partner, RedirectURI: redirect, State: "state-1", Nonce: nonce,
		Challenge: oauth2.S256ChallengeFromVerifier(verifier), Scope: public.PartnerCenterScope(),
	}), who)
	return entra.CodeRequest{
		Tenant: partner, Code: sam.NewSecret(callback.Form.Get("code")), Verifier: sam.NewSecret(verifier),
		RedirectURI: redirect, Scope: public.PartnerCenterScope(),
	}, callback.Form
}

func TestSignInThroughTheSimulator(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t, simtest.Options{Seed: 1})
	client := clientOf(sim, secretOf(sim))
	request, _ := signIn(t, sim, client, simtest.Person{})
	tokens, err := client.RedeemCode(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	who, err := client.VerifyIDToken(t.Context(), tokens.ID, expectation())
	if err != nil || who.Object != world.IntegrationUserID || who.UPN != "sam.keeper@partner.example" || who.Tenant != partner {
		t.Errorf("%+v, %v", who, err)
	}
	evidence, err := entra.Inspect(tokens.Access)
	if err != nil || !evidence.MFA() || evidence.Object != who.Object || evidence.Tenant != partner || evidence.App != app || evidence.Audience != "https://api.partnercenter.microsoft.com" {
		t.Errorf("%+v, %v", evidence, err)
	}
	again := refresh(partner)
	again.RefreshToken, again.Scope = tokens.Refresh, request.Scope
	renewed, err := client.Redeem(t.Context(), again)
	if err != nil || renewed.Refresh.Empty() || renewed.Refresh.Equal(tokens.Refresh) || !renewed.ExpiresOn.After(sim.World.Now()) {
		t.Errorf("renewal: %v", err)
	}
	if _, err := client.RedeemCode(t.Context(), request); sam.AsProblem(err) == nil || sam.AsProblem(err).Code != "AADSTS54005" {
		t.Errorf("the code was redeemed twice: %v", err)
	}
}

func TestSignInWithoutMFA(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t, simtest.Options{Seed: 1})
	client := clientOf(sim, secretOf(sim))
	request, _ := signIn(t, sim, client, simtest.Person{SkipMFA: true})
	tokens, err := client.RedeemCode(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if evidence, err := entra.Inspect(tokens.Access); err != nil || evidence.MFA() {
		t.Errorf("MFA %v, %v; want none", evidence.AMR, err)
	}
}

func TestSignInCancelled(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t, simtest.Options{Seed: 1})
	_, form := signIn(t, sim, clientOf(sim, secretOf(sim)), simtest.Person{Cancel: true})
	p := entra.CallbackProblem(form.Get("error"), form.Get("error_description"), partner)
	if form.Get("code") != "" || p.Class != sam.ClassReconsent {
		t.Errorf("%v for %q", p, form.Get("error"))
	}
}

func TestWrongVerifier(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t, simtest.Options{Seed: 1})
	client := clientOf(sim, secretOf(sim))
	request, _ := signIn(t, sim, client, simtest.Person{})
	request.Verifier = sam.NewSecret(oauth2.GenerateVerifier())
	_, err := client.RedeemCode(t.Context(), request)
	if p := sam.AsProblem(err); p == nil || p.Code != "AADSTS501481" || p.Class != sam.ClassConfiguration {
		t.Errorf("%v, want AADSTS501481", err)
	}
}

func TestLostAnswers(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t, simtest.Options{Seed: 1})
	client := clientOf(sim, secretOf(sim))
	request, _ := signIn(t, sim, client, simtest.Person{})
	lost := faults.Fault{Host: "login", Path: "/oauth2/v2.0/token", Kind: faults.Lost, Times: 1}

	sim.Fault(t, lost)
	if _, err := client.RedeemCode(t.Context(), request); sam.ClassOf(err) != sam.ClassRetry || sam.AsProblem(err).Status != 0 {
		t.Errorf("lost code answer: %v", err)
	}
	if _, err := client.RedeemCode(t.Context(), request); sam.AsProblem(err) == nil || sam.AsProblem(err).Code != "AADSTS54005" {
		t.Errorf("the code was not burnt by exactly one redemption: %v", err)
	}

	again := refresh(partner)
	again.RefreshToken = sam.NewSecret(sim.MintRefreshToken(t, simtest.Mint{}))
	sim.Fault(t, lost)
	if _, err := client.Redeem(t.Context(), again); err != nil {
		t.Errorf("lost refresh answer: %v, want the second try to succeed", err)
	}
}

func TestRotatedClientSecret(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t, simtest.Options{Seed: 1})
	client := clientOf(sim, secretOf(sim))
	again := refresh(partner)
	again.RefreshToken = sam.NewSecret(sim.MintRefreshToken(t, simtest.Mint{}))
	if _, err := client.Redeem(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	sim.World.RotateAppSecret("77777777-7777-4777-8777-777777777777", true)
	if _, err := client.Redeem(t.Context(), again); err != nil {
		t.Errorf("%v, want the new secret read and used", err)
	}
}

func TestManagedIdentityProvesTheApp(t *testing.T) {
	sim := simtest.Start(t, simtest.Options{Seed: 1})
	t.Setenv("IDENTITY_ENDPOINT", sim.IdentityURL)
	t.Setenv("IDENTITY_HEADER", sim.IdentityHeader)
	public, _ := cloud.Lookup("public")
	mi, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ClientOptions: azcore.ClientOptions{Transport: sim.HTTPClient()}, ID: azidentity.ClientID(world.IdentityClientID),
	})
	if err != nil {
		t.Fatal(err)
	}
	again := refresh(partner)
	again.RefreshToken = sam.NewSecret(sim.MintRefreshToken(t, simtest.Mint{}))
	if _, err := clientOf(sim, entra.FederatedCredential(mi, public.FederationAudience)).Redeem(t.Context(), again); err != nil {
		t.Error(err)
	}
	sim.World.Change(func(p *world.Partner) { p.App.Federated = nil })
	_, err = clientOf(sim, entra.FederatedCredential(mi, public.FederationAudience)).Redeem(t.Context(), again)
	if p := sam.AsProblem(err); p == nil || p.Class != sam.ClassCredential && p.Class != sam.ClassRetry {
		t.Errorf("without a federated credential: %v", err)
	}
}

func TestGrantsEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(sim *simtest.Sim)
		code string
	}{
		"revoked": {func(sim *simtest.Sim) { sim.World.RevokeGrants(world.IntegrationUserID) }, "AADSTS50173"},
		"unused":  {func(sim *simtest.Sim) { sim.World.Advance(world.RefreshLife) }, "AADSTS700082"},
		"disabled": {func(sim *simtest.Sim) {
			sim.World.ChangeUser(world.IntegrationUserID, func(u *world.User) { u.Disabled = true })
		}, "AADSTS50057"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simtest.Start(t, simtest.Options{Seed: 1})
			again := refresh(partner)
			again.RefreshToken = sam.NewSecret(sim.MintRefreshToken(t, simtest.Mint{}))
			c.end(sim)
			_, err := clientOf(sim, secretOf(sim)).Redeem(t.Context(), again)
			p := sam.AsProblem(err)
			if p == nil || p.Code != c.code || p.Class != sam.ClassReconsent || p.Status != http.StatusBadRequest || p.RequestID == "" {
				t.Errorf("%v, want %s", err, c.code)
			}
		})
	}
}
