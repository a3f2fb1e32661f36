package entra

import (
	"slices"
	"strings"

	"github.com/samkeeper/samkeeper/sim/world"
)

// resource is a service that access tokens are made for.
type resource struct {
	audience string   // canonical, without trailing slash
	id       string   // application id of the service
	aliases  []string // other audiences of the same service
	scopes   []string // delegated permissions of the app registration
}

func resources(c world.Cloud) []resource {
	list := []resource{
		{audience: c.Graph, id: "00000003-0000-0000-c000-000000000000"},
		{audience: c.ARM, id: "797f4846-ba00-4fd7-ba43-dac1f8f63013", aliases: []string{c.ARMLegacy}},
		{audience: c.PartnerCenter, id: "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"},
		{audience: c.Vault, id: "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"},
		{audience: c.Storage, id: "e406a681-f3d4-42a8-90b6-c2b029497af1"},
	}
	for i := range list {
		list[i].scopes = c.AppScopes(list[i].audience)
	}
	return list
}

// demand is what a scope or resource parameter asks for.
type demand struct {
	resource *resource
	audience string   // as asked for: the slash variant is kept
	names    []string // permissions; [".default"] for all consented ones
	scopes   []string // what the token will hold: consented, and asked for
	openid   bool
	offline  bool
}

// oidcScopes are the scopes that belong to no resource.
var oidcScopes = []string{"openid", "profile", "email", "offline_access"}

// parseScope reads a v2.0 scope parameter. Scopes of a second resource are a
// refusal unless several is set (authorize allows several, token one).
func parseScope(c world.Cloud, tenant, scope string, several bool) (demand, *problem) {
	var d demand
	for _, s := range strings.Fields(scope) {
		if slices.Contains(oidcScopes, strings.ToLower(s)) {
			d.openid = d.openid || strings.EqualFold(s, "openid")
			d.offline = d.offline || strings.EqualFold(s, "offline_access")
			continue
		}
		if p := d.add(c, tenant, s, several); p != nil {
			return demand{}, p
		}
	}
	if len(d.names) > 1 && slices.Contains(d.names, ".default") {
		return demand{}, refuse("invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid. The scope %s is not valid: .default scope can't be combined with resource-specific scopes.", scope)
	}
	return d, nil
}

func (d *demand) add(c world.Cloud, tenant, scope string, several bool) *problem {
	audience, name := splitScope(scope)
	if audience == "" {
		audience = c.Graph // a bare permission means Microsoft Graph
	}
	res := findResource(c, audience)
	switch {
	case strings.ContainsAny(scope, "\"<>\\"), name == "":
		return invalidScope(scope)
	case res == nil && name == ".default":
		return unknownResource(audience, tenant)
	case res == nil:
		return invalidScope(scope)
	case d.resource != nil && d.resource.id != res.id && several:
		return nil // consented by the same sign-in; the first one names the token
	case d.resource != nil && d.resource.id != res.id:
		return refuse("invalid_request", 700022, "The provided value for the input parameter scope isn't valid because it contains more than one resource.")
	}
	if d.resource == nil {
		d.resource, d.audience = res, audience
	}
	d.names = append(d.names, name)
	return nil
}

// splitScope cuts "https://host/permission" into audience and permission. An
// audience that itself ends in a slash keeps it ("https://host//.default").
func splitScope(scope string) (audience, name string) {
	i := strings.LastIndex(scope, "/")
	if i < 0 {
		return "", scope
	}
	return scope[:i], scope[i+1:]
}

// findResource finds a service by audience, alias or application id.
func findResource(c world.Cloud, audience string) *resource {
	want := strings.ToLower(strings.TrimSuffix(audience, "/"))
	for _, r := range resources(c) {
		if want == strings.ToLower(r.audience) || want == r.id || slices.Contains(r.aliases, want) {
			return &r
		}
	}
	return nil
}

func invalidScope(scope string) *problem {
	return refuse("invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid. The scope %s is not valid.", scope)
}

func unknownResource(audience, tenant string) *problem {
	return refuse("invalid_resource", 500011, "The resource principal named %s was not found in the tenant named %s. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.", audience, tenant)
}

// granted is the scope member of an answer: full names in v2.0, bare in v1.0.
func (d demand) granted(version int) string {
	names := slices.Clone(d.scopes)
	if version == 2 {
		for i, n := range names {
			names[i] = strings.TrimSuffix(d.audience, "/") + "/" + n
		}
		if !slices.Contains(d.names, ".default") {
			return strings.Join(names, " ")
		}
		names = append(names, strings.TrimSuffix(d.audience, "/")+"/.default")
	}
	return strings.Join(names, " ")
}
