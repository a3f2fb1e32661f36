package entra

import (
	"slices"

	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/sim/world"
)

// redeemCode is the authorization_code grant.
func (s *Server) redeemCode(x *exchange) (answer, *problem) {
	c, p := s.takeCode(x.form, x.segment, x.now)
	if p != nil {
		return answer{}, p
	}
	x.tenant = c.user.Tenant
	wanted, p := s.demandOf(c.request)
	if p != nil {
		return answer{}, p
	}
	d, p := s.asked(x, wanted)
	if p != nil {
		return answer{}, p
	}
	grant := world.Grant{
		ID: uuid.NewString(), Tenant: c.user.Tenant, User: c.user.Object,
		App: c.request.client, AMR: methods(c.mfa), AuthTime: c.issued,
	}
	if p := s.entitled(x, &d, c.user, grant); p != nil {
		return answer{}, p
	}
	a := answer{
		demand: d, nonce: c.request.nonce, openid: wanted.openid || d.openid,
		session: session{tenant: x.tenant, user: c.user, amr: grant.AMR, proof: x.proof},
	}
	if offline := wanted.offline || d.offline || x.version == 1; offline && !s.world.Policy(x.tenant).WithoutRefresh {
		a.refresh = s.world.OpenGrant(grant)
	}
	return a, nil
}

// redeemRefresh is the refresh_token grant: any resource, and any tenant in
// which user and app are entitled. The old token stays good.
func (s *Server) redeemRefresh(x *exchange) (answer, *problem) {
	old := x.form.Get("refresh_token")
	if !x.form.Has("refresh_token") {
		return answer{}, missing("refresh_token")
	}
	if old == "" {
		return answer{}, refuse("invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.")
	}
	state, ok := s.world.Refresh(old)
	if !ok || state.Grant.App != x.form.Get("client_id") {
		return answer{}, refuse("invalid_grant", 70000, "Transmission data parser failure: Refresh Token is malformed or invalid.")
	}
	user, p := s.alive(x, state)
	if p != nil {
		return answer{}, p
	}
	if x.tenant == "" {
		x.tenant = state.Grant.Tenant
	}
	d, p := s.asked(x, demand{})
	if p != nil {
		return answer{}, p
	}
	if p := s.entitled(x, &d, user, state.Grant); p != nil {
		return answer{}, p
	}
	a := answer{
		demand: d, openid: d.openid || x.version == 1,
		session: session{tenant: x.tenant, user: user, amr: state.Grant.AMR, proof: x.proof},
	}
	if !s.world.Policy(x.tenant).WithoutRefresh {
		a.refresh, _ = s.world.RenewRefresh(old)
	}
	return a, nil
}

// alive checks the grant and the account behind a refresh token.
func (s *Server) alive(x *exchange, state world.RefreshState) (world.User, *problem) {
	user, ok := s.world.User(state.Grant.Tenant, state.Grant.User)
	switch {
	case !ok:
		return user, refuse("invalid_grant", 50034, "The user account %s does not exist in the %s directory. To sign into this application, the account must be added to the directory.", state.Grant.User, state.Grant.Tenant)
	case user.Disabled:
		return user, refuse("invalid_grant", 50057, "The user account is disabled.")
	case state.Revoked:
		return user, refuse("invalid_grant", 50173, "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password. The grant was issued on '%s' and the TokensValidFrom date (before which tokens are not valid) for this user is '%s'.", state.Issued.Format(iso), x.now.Format(iso))
	case state.Expired(x.now):
		return user, refuse("invalid_grant", 700082, "The refresh token has expired due to inactivity. The token was issued on %s and was inactive for 90.00:00:00.", state.Issued.Format(iso))
	}
	return user, nil
}

const iso = "2006-01-02T15:04:05.0000000Z"

// appOnly is the client_credentials grant.
func (s *Server) appOnly(x *exchange) (answer, *problem) {
	if x.tenant == "" {
		return answer{}, refuse("invalid_request", 9001023, "The grant type isn't supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.")
	}
	field := "scope"
	if x.version == 1 {
		field = "resource"
	}
	if x.form.Get(field) == "" {
		return answer{}, missing(field)
	}
	d, p := s.asked(x, demand{})
	if p != nil {
		return answer{}, p
	}
	if x.version == 2 && !slices.Equal(d.names, []string{".default"}) {
		return answer{}, refuse("invalid_scope", 1002012, "The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", x.form.Get("scope"))
	}
	if p := s.installed(x.tenant, x.now); p != nil {
		return answer{}, p
	}
	if p := s.serves(x, d); p != nil {
		return answer{}, p
	}
	return answer{demand: d, session: session{tenant: x.tenant, proof: x.proof}}, nil
}
