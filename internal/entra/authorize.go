package entra

import (
	"golang.org/x/oauth2"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// AuthorizeRequest is one sign-in to be asked for.
type AuthorizeRequest struct {
	Tenant       sam.TenantID
	RedirectURI  string // registered on the app, byte for byte
	State        string
	Nonce        string
	Challenge    string // PKCE S256 challenge
	ResponseMode string // "form_post" or "query"; "" means form_post
	// Scope names one resource, normally Partner Center, so that its MFA policy
	// is evaluated at this sign-in; the OpenID scopes are added.
	Scope string
}

// AuthorizeURL is the address to send the person's browser to. It asks for a
// fresh sign-in (prompt=login): a session the browser happens to have may lack
// MFA or belong to another account.
func (c *Client) AuthorizeURL(r AuthorizeRequest) string {
	mode := r.ResponseMode
	if mode == "" {
		mode = "form_post"
	}
	cfg := oauth2.Config{
		ClientID:    string(c.app),
		RedirectURL: r.RedirectURI,
		Scopes:      withOpenID(r.Scope),
		Endpoint:    oauth2.Endpoint{AuthURL: c.login + "/" + string(r.Tenant) + "/oauth2/v2.0/authorize"},
	}
	return cfg.AuthCodeURL(r.State,
		oauth2.SetAuthURLParam("response_mode", mode),
		oauth2.SetAuthURLParam("nonce", r.Nonce),
		oauth2.SetAuthURLParam("code_challenge", r.Challenge),
		oauth2.SetAuthURLParam("code_challenge_method", "S256"),
		oauth2.SetAuthURLParam("prompt", "login"),
	)
}
