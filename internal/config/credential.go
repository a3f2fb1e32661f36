package config

import (
	"fmt"
	"slices"
	"strings"
)

// AppCredential is what the app proves itself with.
type AppCredential string

// The app credentials.
const (
	ManagedIdentity AppCredential = "managed-identity"
	Certificate     AppCredential = "certificate"
	ClientSecret    AppCredential = "secret"
)

// Uses tells whether a credential is on the list.
func (c Config) Uses(credential AppCredential) bool {
	return slices.Contains(c.AppCredentials, credential)
}

// credentials reads the app credentials, in the order in which they are used.
func (r *reader) credentials(name string) []AppCredential {
	var list []AppCredential
	for _, item := range r.list(name) {
		switch c := AppCredential(strings.ToLower(item)); {
		case c != ManagedIdentity && c != Certificate && c != ClientSecret:
			r.fault(name, fmt.Sprintf("contains %.40q", item), "put one or more of managed-identity, certificate, secret there, separated by commas, the first to be used first")
		case slices.Contains(list, c):
			r.fault(name, fmt.Sprintf("names %s twice", c), "name each credential once")
		default:
			list = append(list, c)
		}
	}
	if len(list) == 0 && r.value(name) != "" && len(r.list(name)) == 0 {
		r.fault(name, "names no credential", "put one or more of managed-identity, certificate, secret there")
	}
	return list
}

// acrossCredentials checks what the credentials need of other settings.
func (r *reader) acrossCredentials(c Config) {
	if c.Uses(ManagedIdentity) && r.value(envIdentityClient) == "" {
		r.fault(envIdentityClient, "is missing, but SAMKEEPER_APP_CREDENTIAL names managed-identity", "put the client id of the user-assigned managed identity there that the app registration trusts (a system-assigned identity cannot be used for this)")
	}
	if c.Uses(ManagedIdentity) && !c.PlatformIdentity {
		r.fault(envIdentityEndpoint, "is not set, so there is no managed identity here", "assign the managed identity to the app in Azure; on your own machine aim it at the simulator, or set SAMKEEPER_APP_CREDENTIAL to secret")
	}
	if strings.EqualFold(c.AppCertificateName, c.AppSecretName) {
		r.fault(envAppCertificateName, "is the same as SAMKEEPER_APP_SECRET_NAME", "keep certificate and client secret under different names in the vault")
	}
	if c.RenewAppCredential && !c.Uses(Certificate) && !c.Uses(ClientSecret) {
		r.fault(envRenewCredential, "is true, but SAMKEEPER_APP_CREDENTIAL names nothing that ends", "remove it, or name certificate or secret as well: a managed identity needs no renewal")
	}
}
