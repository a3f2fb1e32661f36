package entra

import (
	"net/http"

	"github.com/samkeeper/samkeeper/internal/sam"
)

const fixUnknown = "Look the code up in Microsoft's list of AADSTS codes; support asks for the trace id."

// fallback classes an answer whose code says nothing to us, by its status and
// OAuth error (section 3.2, last paragraph).
func fallback(p *sam.Problem, e tokenError, home bool) {
	p.Fix = fixUnknown
	switch {
	case p.Status >= http.StatusInternalServerError || p.Status == http.StatusRequestTimeout:
		p.Class, p.Plain, p.Fix = retry, "Entra is unavailable for the moment.", fixNothing
		return
	case p.Status != 0 && p.Status < http.StatusMultipleChoices:
		p.Class, p.Plain, p.Fix = retry, "The answer is not a token answer.", fixNothing
		return
	}
	switch e.oauth() {
	case "temporarily_unavailable", "server_error":
		p.Class, p.Plain, p.Fix = retry, "Entra is unavailable for the moment.", fixNothing
	case "invalid_client":
		p.Class, p.Plain = credential, "Entra refuses the app's credential."
	case "interaction_required", "login_required":
		interaction(p, home)
	case "consent_required":
		meanings[65001].apply(p, home)
	case "invalid_resource":
		p.Class, p.Plain = configuration, "The resource is not known in this tenant."
	case "invalid_grant":
		invalidGrant(p, e.Suberror, home)
	default:
		p.Class, p.Plain = configuration, "Entra refuses the request."
	}
}

func interaction(p *sam.Problem, home bool) {
	p.Class, p.Plain, p.Fix = reconsent, "Entra wants the person to sign in.", fixSignMFA
	if !home {
		p.Class, p.Reason, p.Fix = policy, sam.BlockedByPolicy, fixExclude
	}
}

// invalidGrant reads the suberror, which MSAL knows as the finer grain.
func invalidGrant(p *sam.Problem, suberror string, home bool) {
	switch suberror {
	case "consent_required":
		meanings[65001].apply(p, home)
	case "basic_action", "additional_action", "device_authentication_failed", "protection_policy_required", "message_only":
		interaction(p, home)
	case "client_mismatch":
		p.Class, p.Plain = configuration, "The refresh token belongs to another app."
	default:
		p.Class, p.Plain, p.Fix = reconsent, "Entra refuses the refresh token.", fixSignIn
		if !home {
			p.Class, p.Plain, p.Fix = customer, "Entra refuses the refresh token in this tenant.", fixAccount
		}
	}
}
