package entra

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// authenticate checks the app and how it proves itself: a secret, an assertion
// signed by a registered certificate, or the token of a managed identity.
func (s *Server) authenticate(x *exchange) *problem {
	client := x.form.Get("client_id")
	if p := s.checkApp(client, x.segment); p != nil {
		return p
	}
	switch secret, assertion := x.form.Get("client_secret"), x.form.Get("client_assertion"); {
	case assertion != "":
		x.proof = byAssertion
		if x.form.Get("client_assertion_type") != assertionType {
			return missing("client_assertion_type")
		}
		return s.checkAssertion(x, assertion)
	case secret != "":
		x.proof = bySecret
		return s.checkSecret(client, secret, x.now)
	}
	x.proof = byNothing
	return unauthorized(7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
}

// checkSecret looks for a secret that is right and not over.
func (s *Server) checkSecret(client, secret string, now time.Time) *problem {
	var secrets []world.AppSecret
	s.world.View(func() { secrets = slices.Clone(s.world.Partner().App.Secrets) })
	expired := false
	for _, known := range secrets {
		if subtle.ConstantTimeCompare([]byte(known.Value), []byte(secret)) != 1 || now.Before(known.Known) {
			continue
		}
		if now.Before(known.Expires) {
			return nil
		}
		expired = true
	}
	if expired {
		return unauthorized(7000222, "The provided client secret keys for app '"+client+"' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.")
	}
	return unauthorized(7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '"+client+"'.")
}

// unauthorized is invalid_client with HTTP 401.
func unauthorized(code int, text string) *problem {
	return &problem{code: code, oauth: "invalid_client", status: http.StatusUnauthorized, text: text}
}
