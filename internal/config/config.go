package config

import (
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// callbackPath is where Entra sends the person back to, below PublicURL.
const callbackPath = "/api/consent/callback"

// Config is the whole configuration of a handler, validated. It is a value:
// copy it freely, change nothing.
type Config struct {
	Port    int // 1..65535, on 127.0.0.1; 0 from ParseTool
	Storage Storage
	Cloud   cloud.Cloud

	PartnerTenants []sam.TenantID // at least one
	DirectTenants  []sam.TenantID // customers that may consent for themselves; none of them a partner tenant
	App            sam.AppID
	// AppCredentials are used in this order; the next one only when the one
	// before is refused. At least one.
	AppCredentials     []AppCredential
	AppSecretName      string
	AppCertificateName string
	// AppKeyInVault keeps the certificate's key in Key Vault for good.
	AppKeyInVault bool
	// RenewAppCredential lets samkeeper renew certificate and secret.
	RenewAppCredential bool
	// IdentityClient is the user-assigned managed identity; "" is the
	// system-assigned one.
	IdentityClient string
	// PlatformIdentity is true where a managed identity endpoint exists.
	// Without one, a developer's own login is used for vault and storage.
	PlatformIdentity bool

	VaultURL        string
	PublicURL       string
	ConsentAccounts []string // object ids or UPNs, lower case; at least one
	ResponseMode    string   // "form_post" or "query"

	Tasks          []string // without duplicates, in the operator's order; without "consent" unless HealConsent
	HealConsent    bool     // missing consents are given at customers
	ConsentScopes  []string // delegated permissions of Graph to consent to; at least one
	ClassicAlerts  bool
	RunDeadline    time.Duration
	RequeueAfter   time.Duration
	PartnerLimit   int           // Partner Center's requests a minute, per partner tenant
	Retention      time.Duration // of runs, outcomes and what is gone
	AuditRetention time.Duration

	LogLevel slog.Level
	// TracesEndpoint is the base URL of an OTLP/HTTP collector; "" means none.
	TracesEndpoint string

	Endpoints Endpoints
	CAFile    string // "" outside the simulated cloud
}

// Storage says where queues, tables and blobs are: a connection string, or
// three service URLs reached with a managed identity.
type Storage struct {
	ConnectionString            sam.Secret
	BlobURL, QueueURL, TableURL string
	IdentityClient              string // "" = default identity
}

// Endpoints are the base URLs to connect to. Audiences and issuers always are
// those of Config.Cloud.
type Endpoints struct {
	Login, Graph, ARM, PartnerCenter string
	// Simulated is true when they, and the vault, are on loopback.
	Simulated bool
}

// RedirectURI is the address registered with the app for the callback.
func (c Config) RedirectURI() string { return c.PublicURL + callbackPath }

// ConsentURL is where a person starts signing in, without the function key.
func (c Config) ConsentURL() string { return c.PublicURL + "/api/consent" }

// Parse reads the settings of a handler through env (os.Getenv in
// production). When anything is wrong it returns the zero Config and a *Faults
// with all faults.
func Parse(env func(string) string) (Config, error) {
	r := &reader{env: env}
	port := r.port(envPort)
	c := r.config()
	c.Port = port
	return r.result(c)
}

func (r *reader) result(c Config) (Config, error) {
	if len(r.faults) > 0 {
		return Config{}, &Faults{List: r.faults}
	}
	return c, nil
}

// config reads everything but the port.
func (r *reader) config() Config {
	c := Config{
		Cloud:          r.cloud(envCloud),
		PartnerTenants: r.partnerTenants(envPartnerTenants),
		DirectTenants:  r.tenants(envDirectTenants),
		App:            r.app(envApp),
		AppCredentials: r.credentials(envAppCredential),
		AppSecretName:  r.secretName(envAppSecretName),

		AppCertificateName: r.secretName(envAppCertificateName),
		AppKeyInVault:      r.oneOf(envAppCertificateKey, "exportable", "vault") == "vault",
		RenewAppCredential: r.oneOf(envRenewCredential, "true", "false") == "true",

		IdentityClient:   r.guid(envIdentityClient),
		PlatformIdentity: r.value(envIdentityEndpoint) != "",
		ConsentAccounts:  r.accounts(envAccounts),
		ResponseMode:     r.oneOf(envResponseMode, "form_post", "query"),
		Tasks:            r.tasks(envTasks),
		HealConsent:      r.oneOf(envHealConsent, "true", "false") == "true",
		ConsentScopes:    r.permissions(envConsentScopes),
		ClassicAlerts:    r.oneOf(envClassicAlerts, "true", "false") == "true",
		RunDeadline:      r.duration(envRunDeadline),
		RequeueAfter:     r.duration(envRequeueAfter),
		PartnerLimit:     r.number(envPartnerLimit, 10, 100_000),
		Retention:        r.retention(envRetention),
		AuditRetention:   r.retention(envAuditRetention),
		LogLevel:         r.level(envLogLevel),
		TracesEndpoint:   r.collector(envTraces),
		CAFile:           r.value(envCAFile),
	}
	if named := len(c.Tasks); !c.HealConsent {
		c.Tasks = slices.DeleteFunc(c.Tasks, func(t string) bool { return t == taskConsent })
		if named > 0 && len(c.Tasks) == 0 {
			r.fault(envHealConsent, "takes out the only task", "put more tasks into SAMKEEPER_TASKS, or true here")
		}
	}
	c.Storage = r.storage(c.Cloud)
	c.PublicURL = r.publicURL()
	c.VaultURL = r.vaultURL(c.Cloud)
	c.Endpoints = r.endpoints(c.Cloud, c.VaultURL)
	r.across(c)
	return c
}

// across checks what no single setting can say.
func (r *reader) across(c Config) {
	for _, t := range c.DirectTenants {
		if slices.Contains(c.PartnerTenants, t) {
			r.fault(envDirectTenants, "contains "+string(t)+", which is a partner tenant", "leave it in SAMKEEPER_PARTNER_TENANTS only: a tenant is the partner's or a direct customer's")
		}
	}
	r.acrossCredentials(c)
	if c.RunDeadline > 0 && c.RequeueAfter >= c.RunDeadline {
		r.fault(envRequeueAfter, "is not shorter than SAMKEEPER_RUN_DEADLINE", "put a duration there that leaves room for several attempts, for example 15m with a deadline of 4h")
	}
}

// Faults is every fault of one Parse.
type Faults struct{ List []Fault }

// Fault is one thing wrong with one setting.
type Fault struct {
	Setting string
	Plain   string // what is wrong, follows the name: "is missing"
	Fix     string // what to put there
}

// Error is one line.
func (f Fault) Error() string { return f.Setting + " " + f.Plain + ": " + f.Fix }

// Error lists the faults, one a line.
func (f *Faults) Error() string { return errors.Join(f.Unwrap()...).Error() }

// Unwrap gives the faults to errors.As and errors.Is.
func (f *Faults) Unwrap() []error {
	errs := make([]error, len(f.List))
	for i, one := range f.List {
		errs[i] = one
	}
	return errs
}
