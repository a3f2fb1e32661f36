package config

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// base parses an absolute http or https URL that has nothing behind its host.
func (r *reader) base(name, raw string) *url.URL {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		r.fault(name, "is no address", "put an absolute URL there, for example https://host.example")
	case u.Scheme != "https" && u.Scheme != "http":
		r.fault(name, fmt.Sprintf("starts with %.20q", u.Scheme), "put an https:// address there")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		r.fault(name, "has something behind the host", "put scheme and host only there, without user, path or query")
	default:
		u.Path, u.Host = "", strings.ToLower(u.Host)
		return u
	}
	return nil
}

// loopback says whether a host name can only mean this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func (r *reader) publicURL() string {
	raw := r.value(envPublic)
	if raw == "" {
		raw = publicFromHostname(r.value(envHostname))
	}
	if raw == "" {
		r.fault(envPublic, "is missing and there is no WEBSITE_HOSTNAME to derive it from", "put the https address of the app there; for local work http://localhost:7071")
		return ""
	}
	u := r.base(envPublic, raw)
	if u == nil {
		return ""
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		r.fault(envPublic, "is not https", "put an https:// address there; plain http is allowed for localhost only, because a sign-in passes through it")
	}
	return u.String()
}

// collector is the base URL of an OTLP/HTTP collector. It may have a path, and
// may be plain http: spans hold no secret.
func (r *reader) collector(name string) string {
	raw := r.value(name)
	if raw == "" {
		return ""
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		r.fault(name, "is no address of a collector", "put its base URL for OTLP over HTTP there, for example https://collector.example:4318, or remove it to switch tracing off; credentials go into OTEL_EXPORTER_OTLP_HEADERS")
		return ""
	}
	return strings.TrimSuffix(u.String(), "/")
}

// publicFromHostname follows the host: Core Tools sets localhost:7071, Azure
// the site's name.
func publicFromHostname(hostname string) string {
	if hostname == "" {
		return ""
	}
	host, _, _ := strings.Cut(hostname, ":")
	if loopback(host) {
		return "http://" + hostname
	}
	return "https://" + hostname
}

func (r *reader) vaultURL(c cloud.Cloud) string {
	raw, ok := r.required(envVault, "put the URL of the Key Vault there: Key Vault > Overview > Vault URI")
	if !ok {
		return ""
	}
	u := r.base(envVault, raw)
	if u == nil {
		return ""
	}
	ours := u.Scheme == "https" && strings.HasSuffix(u.Hostname(), c.VaultSuffix)
	unknownCloud := c.VaultSuffix == "" // reported already
	if !loopback(u.Hostname()) && !ours && !unknownCloud {
		r.fault(envVault, "is no vault of the "+c.Name+" cloud", "put an address of the form https://<name>"+c.VaultSuffix+" there, or set SAMKEEPER_CLOUD to the cloud the vault is in")
	}
	return u.String()
}

// endpoints applies the overrides: all of them and the vault on loopback, or
// none.
func (r *reader) endpoints(c cloud.Cloud, vault string) Endpoints {
	e := Endpoints{Login: c.Login, Graph: c.Graph, ARM: c.ARM, PartnerCenter: c.PartnerCenter}
	set := r.override(&e.Login, envLogin) + r.override(&e.Graph, envGraph) +
		r.override(&e.ARM, envARM) + r.override(&e.PartnerCenter, envPartnerCenter)
	vaultURL, err := url.Parse(vault)
	vaultHere := err == nil && vault != "" && loopback(vaultURL.Hostname())
	switch {
	case set == 4 && vaultHere:
		e.Simulated = true
	case vault != "" && (set > 0 || vaultHere):
		r.fault(envVault, "and the four SAMKEEPER_*_ENDPOINT settings do not agree", "aim all five at the simulator, or none: real and simulated services must not be mixed")
	case set == 0 && r.value(envCAFile) != "":
		r.fault(envCAFile, "is set although the endpoints are the real cloud's", "remove it: a certificate authority of your own is only trusted for a simulator on loopback")
	}
	return e
}

// override replaces a base URL when the setting is there, and counts it.
func (r *reader) override(target *string, name string) int {
	raw := r.value(name)
	if raw == "" {
		return 0
	}
	u := r.base(name, raw)
	if u == nil {
		return 1
	}
	if !loopback(u.Hostname()) {
		r.fault(name, "points to another machine", "remove it; it may only name a simulator on localhost or 127.0.0.1")
	}
	*target = u.String()
	return 1
}

// accountForm is Azure's rule for storage account names.
var accountForm = regexp.MustCompile(`^[a-z0-9]{3,24}$`)

// storage reads AzureWebJobsStorage the way the host does: a connection string
// wins over the identity-based group.
func (r *reader) storage(c cloud.Cloud) Storage {
	if v := r.value(envStorage); v != "" {
		if !strings.Contains(v, "=") {
			r.fault(envStorage, "is no connection string", "copy it from Storage account > Access keys, put UseDevelopmentStorage=true there for Azurite, or use the identity-based settings instead")
		}
		return Storage{ConnectionString: sam.NewSecret(v)}
	}
	s := Storage{IdentityClient: r.guid(envStorageClient)}
	if v := strings.ToLower(r.value(envStorageCredential)); v != "" && v != "managedidentity" {
		r.fault(envStorageCredential, fmt.Sprintf("is %.40q", v), "put managedidentity there or leave it out")
	}
	account := r.value(envStorageAccount)
	s.BlobURL = r.serviceURL(c, account, "blob", envStorageBlob)
	s.QueueURL = r.serviceURL(c, account, "queue", envStorageQueue)
	s.TableURL = r.serviceURL(c, account, "table", envStorageTable)
	switch {
	case account == "" && s.BlobURL+s.QueueURL+s.TableURL == "":
		r.fault(envStorage, "is missing", "put a connection string there, or set AzureWebJobsStorage__accountName to use a managed identity")
	case account != "" && !accountForm.MatchString(account):
		r.fault(envStorageAccount, fmt.Sprintf("is %.40q, which is no account name", account), "put the name of the storage account there: 3 to 24 lower-case letters and digits")
	case s.BlobURL == "" || s.QueueURL == "" || s.TableURL == "":
		r.fault(envStorage, "is given by service URLs, but not by all three", "set AzureWebJobsStorage__blobServiceUri, __queueServiceUri and __tableServiceUri, or only __accountName")
	}
	return s
}

// serviceURL is the explicit address of a service or the account's own.
func (r *reader) serviceURL(c cloud.Cloud, account, service, name string) string {
	raw := r.value(name)
	if raw == "" {
		if account == "" {
			return ""
		}
		return "https://" + account + "." + service + "." + c.StorageSuffix
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "https" && !loopback(u.Hostname()) {
		r.fault(name, "is no https address", "put the service's URL there, for example https://account."+service+"."+c.StorageSuffix)
	}
	return strings.TrimSuffix(raw, "/")
}
