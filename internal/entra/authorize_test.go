package entra_test

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
)

func TestAuthorizeURL(t *testing.T) {
	t.Parallel()
	public, _ := cloud.Lookup("public")
	client := entra.New(entra.Config{Cloud: public, App: app})
	request := entra.AuthorizeRequest{
		Tenant: partner, RedirectURI: "https://app.example/api/consent/callback", State: "state-1", Nonce: nonce,
		Challenge: "challenge-1", Scope: public.PartnerCenterScope(),
	}
	got, err := url.Parse(client.AuthorizeURL(request))
	if err != nil {
		t.Fatal(err)
	}
	if where := got.Scheme + "://" + got.Host + got.Path; where != "https://login.microsoftonline.com/"+string(partner)+"/oauth2/v2.0/authorize" {
		t.Errorf("address %s", where)
	}
	want := url.Values{
		"client_id": {string(app)}, "response_type": {"code"}, "response_mode": {"form_post"}, "prompt": {"login"},
		"redirect_uri": {request.RedirectURI}, "state": {"state-1"}, "nonce": {nonce},
		"code_challenge": {"challenge-1"}, "code_challenge_method": {"S256"},
		"scope": {"https://api.partnercenter.microsoft.com/.default openid profile offline_access"},
	}
	if diff := cmp.Diff(want, got.Query()); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
	request.ResponseMode = "query"
	other, err := url.Parse(client.AuthorizeURL(request))
	if err != nil || other.Query().Get("response_mode") != "query" {
		t.Errorf("response_mode %q (%v), want query", other.Query().Get("response_mode"), err)
	}
}
