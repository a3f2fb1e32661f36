package config

// Source says who sets a setting.
type Source string

// The sources.
const (
	// Operator settings are app settings a person chooses.
	Operator Source = "operator"
	// Alternative settings are app settings that replace another one:
	// the identity-based forms of AzureWebJobsStorage.
	Alternative Source = "alternative"
	// Platform settings are given by the Functions host or by App Service.
	Platform Source = "platform"
)

// Setting is one environment variable that samkeeper reads.
type Setting struct {
	Name     string
	Default  string // "" when there is none
	Required bool   // Parse fails without it
	Source   Source
	Meaning  string // one or two sentences for the operator
}

// The names, in the order of Settings.
const (
	envStorage            = "AzureWebJobsStorage"
	envStorageAccount     = "AzureWebJobsStorage__accountName"
	envStorageBlob        = "AzureWebJobsStorage__blobServiceUri"
	envStorageQueue       = "AzureWebJobsStorage__queueServiceUri"
	envStorageTable       = "AzureWebJobsStorage__tableServiceUri"
	envStorageCredential  = "AzureWebJobsStorage__credential" //nolint:gosec // a name, not a credential
	envStorageClient      = "AzureWebJobsStorage__clientId"
	envCloud              = "SAMKEEPER_CLOUD"
	envDirectTenants      = "SAMKEEPER_DIRECT_TENANTS"
	envPartnerTenants     = "SAMKEEPER_PARTNER_TENANTS"
	envApp                = "SAMKEEPER_APP_ID"
	envAppCredential      = "SAMKEEPER_APP_CREDENTIAL"  //nolint:gosec // a name, not a credential
	envAppSecretName      = "SAMKEEPER_APP_SECRET_NAME" //nolint:gosec // a name, not a credential
	envAppCertificateName = "SAMKEEPER_APP_CERTIFICATE_NAME"
	envAppCertificateKey  = "SAMKEEPER_APP_CERTIFICATE_KEY"
	envRenewCredential    = "SAMKEEPER_RENEW_APP_CREDENTIAL"
	envIdentityClient     = "SAMKEEPER_IDENTITY_CLIENT_ID"
	envVault              = "SAMKEEPER_VAULT_URL"
	envPublic             = "SAMKEEPER_PUBLIC_URL"
	envAccounts           = "SAMKEEPER_CONSENT_ACCOUNTS"
	envResponseMode       = "SAMKEEPER_RESPONSE_MODE"
	envTasks              = "SAMKEEPER_TASKS"
	envHealConsent        = "SAMKEEPER_HEAL_CONSENT"
	envConsentScopes      = "SAMKEEPER_CONSENT_SCOPES"
	envClassicAlerts      = "SAMKEEPER_CLASSIC_ALERTS"
	envRunDeadline        = "SAMKEEPER_RUN_DEADLINE"
	envRequeueAfter       = "SAMKEEPER_REQUEUE_AFTER"
	envPartnerLimit       = "SAMKEEPER_PARTNERCENTER_LIMIT"
	envRetention          = "SAMKEEPER_RETENTION"
	envAuditRetention     = "SAMKEEPER_AUDIT_RETENTION"
	envLogLevel           = "SAMKEEPER_LOG_LEVEL"
	envTraces             = "OTEL_EXPORTER_OTLP_ENDPOINT"
	envLogin              = "SAMKEEPER_LOGIN_ENDPOINT"
	envGraph              = "SAMKEEPER_GRAPH_ENDPOINT"
	envARM                = "SAMKEEPER_ARM_ENDPOINT"
	envPartnerCenter      = "SAMKEEPER_PARTNERCENTER_ENDPOINT"
	envCAFile             = "SAMKEEPER_CA_FILE"
	envPort               = "FUNCTIONS_CUSTOMHANDLER_PORT"
	envHostname           = "WEBSITE_HOSTNAME"
	envIdentityEndpoint   = "IDENTITY_ENDPOINT"
	envIdentityHeader     = "IDENTITY_HEADER"
)

// Settings is every setting, in the order of the documentation.
var Settings = []Setting{
	{envStorage, "", false, Operator, "Connection string of the storage account for queues, tables, locks and results; `UseDevelopmentStorage=true` is Azurite on its default ports. Either this or one of the identity-based forms below."},
	{envStorageAccount, "", false, Alternative, "Storage account by name, reached with a managed identity instead of a connection string."},
	{envStorageBlob, "", false, Alternative, "Blob service URL; together with the queue and table URLs it replaces the account name."},
	{envStorageQueue, "", false, Alternative, "Queue service URL."},
	{envStorageTable, "", false, Alternative, "Table service URL."},
	{envStorageCredential, "", false, Alternative, "`managedidentity` for a user-assigned identity; empty means the default identity of the app."},
	{envStorageClient, "", false, Alternative, "Client id of the user-assigned identity that may use the storage account."},
	{envCloud, "public", false, Operator, "Microsoft cloud: `public`, `usgov` or `china`. App, partner tenant and vault belong to this one cloud."},
	{envPartnerTenants, "", true, Operator, "Tenant ids (GUIDs) of the partner, separated by commas; several are several partner tenants, each with its own customers. Accounts of these tenants may consent for all their customers."},
	{envDirectTenants, "", false, Operator, "Tenant ids (GUIDs), separated by commas, of customers that may consent for themselves (kind `direct`): their own administrator signs in, Partner Center is not involved, and that connection serves this customer alone. The accounts are listed in SAMKEEPER_CONSENT_ACCOUNTS, too."},
	{envApp, "", true, Operator, "Application (client) id of the app registration."},
	{envAppCredential, "managed-identity", false, Operator, "What the app proves itself with: `managed-identity` (a federated credential, no secret at all), `certificate` or `secret` (kept in the vault). Several, separated by commas, are a ladder: the next one is used only when the one before is refused."},
	{envAppSecretName, "app-secret", false, Operator, "Name of the vault secret that holds the client secret; used with `secret` only."},
	{envAppCertificateName, "app-certificate", false, Operator, "Name of the vault secret that holds the certificate and its key as PEM; used with `certificate` only."},
	{envAppCertificateKey, "exportable", false, Operator, "Where the key of a new certificate is: `exportable` (beside it, in the vault secret) or `vault` (a Key Vault key that never leaves; needs the role Key Vault Crypto Officer)."},
	{envRenewCredential, "false", false, Operator, "`true` lets samkeeper renew certificate and secret on the app registration; it needs the permission Application.ReadWrite.OwnedBy. With `false` you are told 30 days before one ends."},
	{envIdentityClient, "", false, Operator, "Client id of the user-assigned managed identity. Required with `managed-identity`; otherwise empty means the system-assigned identity."},
	{envVault, "", true, Operator, "URL of the Key Vault that keeps the refresh tokens, for example `https://contoso-sam.vault.azure.net`."},
	{envPublic, "", false, Operator, "HTTPS address people and Entra reach the app by; default `https://$WEBSITE_HOSTNAME`. The redirect URI is this plus `/api/consent/callback`. Plain http is allowed for localhost only."},
	{envAccounts, "", true, Operator, "Object ids or sign-in names, separated by commas, of the accounts that may consent: the integration user, its standbys, and the administrators of direct customers."},
	{envResponseMode, "form_post", false, Operator, "How Entra returns the sign-in: `form_post` or `query`."},
	{envTasks, "consent,subscriptions,health,alerts,directory,access", false, Operator, "Tasks done at each customer, separated by commas."},
	{envHealConsent, "true", false, Operator, "**Writes into customers' tenants.** `true` gives the app's consent where it is missing (task `consent`): through Partner Center, only the permissions that the tasks need, with an audit line before and after. `false` takes the task out; customers without consent are then skipped with `consent_missing`."},
	{envConsentScopes, "Organization.Read.All", false, Operator, "Delegated permissions of Microsoft Graph, separated by commas, that the task `consent` gives and looks for at customers. The app registration must list them. For Azure it is always `user_impersonation` alone."},
	{envClassicAlerts, "false", false, Operator, "`true` also reads classic alert rules (retired by Azure; still found at old customers)."},
	{envRunDeadline, "4h", false, Operator, "How long a run may take before what is missing is recorded as failed and the run is closed."},
	{envRequeueAfter, "15m", false, Operator, "How long an expected outcome may be missing before its job is put into the queue again."},
	{envPartnerLimit, "500", false, Operator, "Requests a minute that Partner Center allows each partner tenant; all instances together stay at nine tenths of it. Another number than the published one only where Microsoft has granted it."},
	{envRetention, "720h", false, Operator, "How long runs that are over, their outcomes, given-up messages and what is kept of customers that left stay in storage (30 days); at least 24h. A run that goes on is never removed."},
	{envAuditRetention, "9600h", false, Operator, "How long the audit trail is kept (400 days); at least 24h. Lines about a connection with an open problem stay."},
	{envLogLevel, "info", false, Operator, "Least level that is logged: `debug`, `info`, `warn` or `error`."},
	{envTraces, "", false, Operator, "Base URL of an OpenTelemetry collector (OTLP over HTTP); empty means no traces. Headers, resource attributes and sampling follow OpenTelemetry's own variables."},
	{envLogin, "", false, Operator, "Sign-in endpoint of the simulator; loopback only, and only together with the other endpoints."},
	{envGraph, "", false, Operator, "Microsoft Graph endpoint of the simulator; loopback only."},
	{envARM, "", false, Operator, "Azure Resource Manager endpoint of the simulator; loopback only."},
	{envPartnerCenter, "", false, Operator, "Partner Center endpoint of the simulator; loopback only."},
	{envCAFile, "", false, Operator, "PEM file of the simulator's certificate authority, relative to the script root; only together with the endpoints above."},
	{envPort, "", true, Platform, "Port to listen on; set by the Functions host."},
	{envHostname, "", false, Platform, "Host name of the app; set by App Service."},
	{envIdentityEndpoint, "", false, Platform, "Managed identity endpoint; set by App Service, or aimed at the simulator. Needed with `managed-identity`."},
	{envIdentityHeader, "", false, Platform, "Header value that the managed identity endpoint asks for; set by App Service."},
}

// defaultOf returns the default of a setting.
func defaultOf(name string) string {
	for _, s := range Settings {
		if s.Name == name {
			return s.Default
		}
	}
	return ""
}
