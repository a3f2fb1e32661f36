package rotation

import (
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// errNoNewToken: the redemption worked and brought no refresh token.
var errNoNewToken = &sam.Problem{
	Op: "renew the refresh token", Class: sam.ClassConfiguration, Code: "no_refresh_token",
	Plain: "Entra accepted the refresh token but sent no new one, so the old one is kept and goes on ageing.",
	Fix:   "Check that the permission offline_access is still granted to the app in the partner tenant.",
}

// codeNoMFA is the problem code of a token without MFA evidence.
const codeNoMFA = "mfa_missing"

// refusedForGood reports whether err says that this token, and not our
// request, our credential or the network, is the trouble.
func refusedForGood(err error) bool {
	switch sam.ClassOf(err) {
	case sam.ClassReconsent, sam.ClassPolicy, sam.ClassCustomer:
		return true
	case sam.ClassRetry, sam.ClassCredential, sam.ClassConfiguration:
		return false
	}
	return false
}

// check asks whether an answer is still about the same user in the same tenant
// and app, and still carries MFA: otherwise Partner Center would refuse what
// comes after, and the stored token must stay what it is.
func (a *attempt) check(t entra.Tokens) (entra.Evidence, error) {
	ev, err := entra.Inspect(t.Access)
	if err != nil {
		return ev, a.problem(sam.ClassRetry, "token_unreadable",
			"The access token that came back cannot be read.",
			"Nothing: the next rotation tries again.", err)
	}
	switch {
	case ev.Tenant != a.conn.Tenant() || ev.Object != a.conn.Object():
		return ev, a.problem(sam.ClassConfiguration, "identity_changed",
			"The refresh token belongs to another account than its place in the vault says.",
			"Find out who wrote the current version of this secret, then consent again.", nil)
	case ev.App != a.App || !entra.ForHome(a.Cloud, a.row.Kind, ev.Audience):
		return ev, a.problem(sam.ClassConfiguration, "token_for_another",
			"The token that came back is for another application or service.",
			"Check the application id in the settings, then consent again.", nil)
	case !ev.MFA():
		return ev, a.problem(sam.ClassReconsent, codeNoMFA,
			"The refresh token no longer carries multi-factor authentication.",
			"Make the tenant require MFA for the account, then consent again.", nil)
	}
	return ev, nil
}

// checkOwner refuses to redeem a token that another app or cloud put there:
// it could only be refused, and each refusal counts against us.
func (a *attempt) checkOwner() error {
	if app := a.current.App; app != "" && app != a.App {
		return a.problem(sam.ClassConfiguration, "foreign_app",
			"The stored token belongs to application "+string(app)+", not to this one.",
			"Set the application id it was consented for, or consent again with this one.", nil)
	}
	if c := a.current.Cloud; c != "" && c != a.Cloud.Name {
		return a.problem(sam.ClassConfiguration, "foreign_cloud",
			"The stored token belongs to the cloud "+c+", not to "+a.Cloud.Name+".",
			"Set the cloud it was consented in, or consent again in this one.", nil)
	}
	return nil
}

func (a *attempt) problem(class sam.Class, code, plain, fix string, cause error) *sam.Problem {
	return &sam.Problem{
		Op: "rotate connection " + string(a.conn), Tenant: a.conn.Tenant(),
		Class: class, Code: code, Plain: plain, Fix: fix, Err: cause,
	}
}
