package config_test

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/config"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const (
	partner  = "11111111-1111-4111-8111-111111111111"
	app      = "22222222-2222-4222-8222-222222222222"
	user     = "33333333-3333-4333-8333-333333333333"
	identity = "44444444-4444-4444-8444-444444444444"
)

// azure is a complete configuration against the real cloud.
func azure() map[string]string {
	return map[string]string{
		"FUNCTIONS_CUSTOMHANDLER_PORT":     "7072",
		"AzureWebJobsStorage__accountName": "samstore",
		"AzureWebJobsStorage__credential":  "managedidentity",
		"AzureWebJobsStorage__clientId":    identity,
		"SAMKEEPER_PARTNER_TENANTS":        strings.ToUpper(partner),
		"SAMKEEPER_APP_ID":                 app,
		"SAMKEEPER_IDENTITY_CLIENT_ID":     identity,
		"SAMKEEPER_VAULT_URL":              "https://Contoso-Sam.vault.azure.net/",
		"SAMKEEPER_CONSENT_ACCOUNTS":       user + ", Sam@Partner.Example",
		"WEBSITE_HOSTNAME":                 "sam.azurewebsites.net",
		"IDENTITY_ENDPOINT":                "http://169.254.129.2:8081/msi/token",
	}
}

// simulated is the same against a simulator.
func simulated() map[string]string {
	env := azure()
	maps.Copy(env, map[string]string{
		"SAMKEEPER_VAULT_URL":              "https://127.0.0.1:8442",
		"SAMKEEPER_LOGIN_ENDPOINT":         "https://127.0.0.1:8441",
		"SAMKEEPER_PARTNERCENTER_ENDPOINT": "https://127.0.0.1:8443/",
		"SAMKEEPER_GRAPH_ENDPOINT":         "https://localhost:8444",
		"SAMKEEPER_ARM_ENDPOINT":           "https://[::1]:8445",
		"SAMKEEPER_CA_FILE":                "ca.pem",
	})
	return env
}

func lookup(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

func with(env map[string]string, pairs ...string) map[string]string {
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	return env
}

func TestParseRealCloud(t *testing.T) {
	t.Parallel()
	got, err := config.Parse(lookup(azure()))
	if err != nil {
		t.Fatal(err)
	}
	public, _ := cloud.Lookup("public")
	want := config.Config{
		Port: 7072,
		Storage: config.Storage{
			BlobURL:        "https://samstore.blob.core.windows.net",
			QueueURL:       "https://samstore.queue.core.windows.net",
			TableURL:       "https://samstore.table.core.windows.net",
			IdentityClient: identity,
		},
		Cloud: public, PartnerTenants: []sam.TenantID{partner}, App: app,
		AppCredentials: []config.AppCredential{config.ManagedIdentity}, AppSecretName: "app-secret", AppCertificateName: "app-certificate",
		IdentityClient: identity, PlatformIdentity: true,
		VaultURL: "https://contoso-sam.vault.azure.net", PublicURL: "https://sam.azurewebsites.net",
		ConsentAccounts: []string{user, "sam@partner.example"}, ResponseMode: "form_post",
		Tasks: []string{"consent", "subscriptions", "health", "alerts", "directory", "access"}, HealConsent: true, ConsentScopes: []string{"Organization.Read.All"},
		RunDeadline: 4 * time.Hour, RequeueAfter: 15 * time.Minute, Retention: 720 * time.Hour, AuditRetention: 9600 * time.Hour, PartnerLimit: 500, LogLevel: slog.LevelInfo,
		Endpoints: config.Endpoints{Login: public.Login, Graph: public.Graph, ARM: public.ARM, PartnerCenter: public.PartnerCenter},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(sam.Secret{})); diff != "" {
		t.Errorf("Config (-want +got):\n%s", diff)
	}
	if got.RedirectURI() != "https://sam.azurewebsites.net/api/consent/callback" {
		t.Errorf("RedirectURI = %s", got.RedirectURI())
	}
}

func TestParseSimulatedCloud(t *testing.T) {
	t.Parallel()
	got, err := config.Parse(lookup(simulated()))
	if err != nil {
		t.Fatal(err)
	}
	want := config.Endpoints{
		Login: "https://127.0.0.1:8441", PartnerCenter: "https://127.0.0.1:8443",
		Graph: "https://localhost:8444", ARM: "https://[::1]:8445", Simulated: true,
	}
	if diff := cmp.Diff(want, got.Endpoints); diff != "" {
		t.Errorf("Endpoints (-want +got):\n%s", diff)
	}
	if got.CAFile != "ca.pem" || got.Cloud.Graph != "https://graph.microsoft.com" {
		t.Errorf("CAFile %q, audience %q: the simulator changes where we connect, not whom tokens are for", got.CAFile, got.Cloud.Graph)
	}
}

func TestParseToolNeedsNoPort(t *testing.T) {
	t.Parallel()
	env := azure()
	delete(env, "FUNCTIONS_CUSTOMHANDLER_PORT")
	if _, err := config.ParseTool(lookup(env)); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Parse(lookup(env)); err == nil {
		t.Fatal("Parse accepted a handler without a port")
	}
}

// What opens the storage account is enough for a program that works on it alone.
func TestParseStorageAsksForStorageOnly(t *testing.T) {
	t.Parallel()
	c, err := config.ParseStorage(lookup(map[string]string{"AzureWebJobsStorage__accountName": "samstore", "SAMKEEPER_VAULT_URL": "no address"}))
	if err != nil || c.Storage.TableURL != "https://samstore.table.core.windows.net" || c.PlatformIdentity {
		t.Errorf("got %+v, %v", c, err)
	}
	_, err = config.ParseStorage(lookup(nil))
	var faults *config.Faults
	if !errors.As(err, &faults) || len(faults.List) != 1 || faults.List[0].Setting != "AzureWebJobsStorage" {
		t.Errorf("without settings: %v", err)
	}
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		env   map[string]string
		check func(config.Config) bool
	}{
		"connection string wins": {
			with(azure(), "AzureWebJobsStorage", "UseDevelopmentStorage=true"),
			func(c config.Config) bool {
				return c.Storage.ConnectionString.Reveal() == "UseDevelopmentStorage=true" && c.Storage.BlobURL == ""
			},
		},
		"Core Tools' host name is http":  {with(azure(), "WEBSITE_HOSTNAME", "localhost:7071"), func(c config.Config) bool { return c.PublicURL == "http://localhost:7071" }},
		"public URL wins over host name": {with(azure(), "SAMKEEPER_PUBLIC_URL", "https://sam.contoso.com/"), func(c config.Config) bool { return c.PublicURL == "https://sam.contoso.com" }},
		"client secret with the app's own identity": {
			with(azure(), "SAMKEEPER_APP_CREDENTIAL", "secret", "SAMKEEPER_IDENTITY_CLIENT_ID", ""),
			func(c config.Config) bool {
				return slices.Equal(c.AppCredentials, []config.AppCredential{config.ClientSecret}) && c.IdentityClient == ""
			},
		},
		"a ladder of credentials": {
			with(azure(), "SAMKEEPER_APP_CREDENTIAL", "managed-identity, Certificate,secret", "SAMKEEPER_APP_CERTIFICATE_KEY", "vault", "SAMKEEPER_RENEW_APP_CREDENTIAL", "true"),
			func(c config.Config) bool {
				return slices.Equal(c.AppCredentials, []config.AppCredential{config.ManagedIdentity, config.Certificate, config.ClientSecret}) && c.AppKeyInVault && c.RenewAppCredential
			},
		},
		"a certificate without any identity": {
			with(azure(), "SAMKEEPER_APP_CREDENTIAL", "certificate", "SAMKEEPER_IDENTITY_CLIENT_ID", "", "IDENTITY_ENDPOINT", ""),
			func(c config.Config) bool {
				return c.Uses(config.Certificate) && !c.Uses(config.ManagedIdentity) && !c.AppKeyInVault
			},
		},
		"client secret on a developer's machine": {
			with(azure(), "SAMKEEPER_APP_CREDENTIAL", "secret", "IDENTITY_ENDPOINT", ""),
			func(c config.Config) bool { return !c.PlatformIdentity },
		},
		"a national cloud": {
			with(azure(), "SAMKEEPER_CLOUD", "usgov", "SAMKEEPER_VAULT_URL", "https://sam.vault.usgovcloudapi.net"),
			func(c config.Config) bool {
				return c.Storage.QueueURL == "https://samstore.queue.core.usgovcloudapi.net"
			},
		},
		"consent is left alone": {
			with(azure(), "SAMKEEPER_HEAL_CONSENT", "false"),
			func(c config.Config) bool {
				return !c.HealConsent && !slices.Contains(c.Tasks, "consent") && slices.Contains(c.Tasks, "directory")
			},
		},
		"permissions once each": {
			with(azure(), "SAMKEEPER_CONSENT_SCOPES", "Organization.Read.All, User.Read,User.Read"),
			func(c config.Config) bool { return fmt.Sprint(c.ConsentScopes) == "[Organization.Read.All User.Read]" },
		},
		"tasks once each, in order": {with(azure(), "SAMKEEPER_TASKS", "health, alerts,health"), func(c config.Config) bool { return fmt.Sprint(c.Tasks) == "[health alerts]" }},
		"a collector with a path":   {with(azure(), "OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel.example:4318/tenant-a/"), func(c config.Config) bool { return c.TracesEndpoint == "https://otel.example:4318/tenant-a" }},
		"a collector without TLS":   {with(azure(), "OTEL_EXPORTER_OTLP_ENDPOINT", "http://10.0.0.4:4318"), func(c config.Config) bool { return c.TracesEndpoint == "http://10.0.0.4:4318" }},
		"levels in any case":        {with(azure(), "SAMKEEPER_LOG_LEVEL", "WARN"), func(c config.Config) bool { return c.LogLevel == slog.LevelWarn }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := config.Parse(lookup(row.env))
			if err != nil {
				t.Fatal(err)
			}
			if !row.check(c) {
				t.Errorf("got %+v", c)
			}
		})
	}
}

func TestEachFaultNamesItsSetting(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		env     map[string]string
		setting string
	}{
		"port is a word":                  {with(azure(), "FUNCTIONS_CUSTOMHANDLER_PORT", "http"), "FUNCTIONS_CUSTOMHANDLER_PORT"},
		"no storage":                      {with(azure(), "AzureWebJobsStorage__accountName", ""), "AzureWebJobsStorage"},
		"storage is no connection string": {with(azure(), "AzureWebJobsStorage", "samstore"), "AzureWebJobsStorage"},
		"only one service URL":            {with(azure(), "AzureWebJobsStorage__accountName", "", "AzureWebJobsStorage__blobServiceUri", "https://a.blob.core.windows.net"), "AzureWebJobsStorage"},
		"storage over http":               {with(azure(), "AzureWebJobsStorage__queueServiceUri", "http://a.queue.core.windows.net"), "AzureWebJobsStorage__queueServiceUri"},
		"account name is a host":          {with(azure(), "AzureWebJobsStorage__accountName", "a.blob.core"), "AzureWebJobsStorage__accountName"},
		"unknown storage credential":      {with(azure(), "AzureWebJobsStorage__credential", "key"), "AzureWebJobsStorage__credential"},
		"unknown cloud":                   {with(azure(), "SAMKEEPER_CLOUD", "germany"), "SAMKEEPER_CLOUD"},
		"tenant is a domain":              {with(azure(), "SAMKEEPER_PARTNER_TENANTS", "contoso.com"), "SAMKEEPER_PARTNER_TENANTS"},
		"direct tenant is a domain":       {with(azure(), "SAMKEEPER_DIRECT_TENANTS", "contoso.com"), "SAMKEEPER_DIRECT_TENANTS"},
		"direct tenant is a partner's":    {with(azure(), "SAMKEEPER_DIRECT_TENANTS", partner), "SAMKEEPER_DIRECT_TENANTS"},
		"no tenant":                       {with(azure(), "SAMKEEPER_PARTNER_TENANTS", " "), "SAMKEEPER_PARTNER_TENANTS"},
		"app is a name":                   {with(azure(), "SAMKEEPER_APP_ID", "samkeeper"), "SAMKEEPER_APP_ID"},
		"unknown rung of the ladder":      {with(azure(), "SAMKEEPER_APP_CREDENTIAL", "managed-identity,password"), "SAMKEEPER_APP_CREDENTIAL"},
		"the same rung twice":             {with(azure(), "SAMKEEPER_APP_CREDENTIAL", "secret,secret"), "SAMKEEPER_APP_CREDENTIAL"},
		"a ladder without rungs":          {with(azure(), "SAMKEEPER_APP_CREDENTIAL", ","), "SAMKEEPER_APP_CREDENTIAL"},
		"one name for two credentials":    {with(azure(), "SAMKEEPER_APP_CERTIFICATE_NAME", "app-secret"), "SAMKEEPER_APP_CERTIFICATE_NAME"},
		"a key that is nowhere":           {with(azure(), "SAMKEEPER_APP_CERTIFICATE_KEY", "hsm"), "SAMKEEPER_APP_CERTIFICATE_KEY"},
		"renewal of what does not end":    {with(azure(), "SAMKEEPER_RENEW_APP_CREDENTIAL", "true"), "SAMKEEPER_RENEW_APP_CREDENTIAL"},
		"secret where its name belongs":   {with(azure(), "SAMKEEPER_APP_SECRET_NAME", "abc~DEF.123"), "SAMKEEPER_APP_SECRET_NAME"},
		"federation without identity":     {with(azure(), "SAMKEEPER_IDENTITY_CLIENT_ID", ""), "SAMKEEPER_IDENTITY_CLIENT_ID"},
		"federation without platform":     {with(azure(), "IDENTITY_ENDPOINT", ""), "IDENTITY_ENDPOINT"},
		"vault of another cloud":          {with(azure(), "SAMKEEPER_CLOUD", "china"), "SAMKEEPER_VAULT_URL"},
		"vault look-alike":                {with(azure(), "SAMKEEPER_VAULT_URL", "https://x.vault.azure.net.evil.example"), "SAMKEEPER_VAULT_URL"},
		"vault over http":                 {with(azure(), "SAMKEEPER_VAULT_URL", "http://x.vault.azure.net"), "SAMKEEPER_VAULT_URL"},
		"vault with a path":               {with(azure(), "SAMKEEPER_VAULT_URL", "https://x.vault.azure.net/secrets"), "SAMKEEPER_VAULT_URL"},
		"public URL over http":            {with(azure(), "SAMKEEPER_PUBLIC_URL", "http://sam.contoso.com"), "SAMKEEPER_PUBLIC_URL"},
		"public URL missing":              {with(azure(), "WEBSITE_HOSTNAME", ""), "SAMKEEPER_PUBLIC_URL"},
		"account is a bare name":          {with(azure(), "SAMKEEPER_CONSENT_ACCOUNTS", "sam"), "SAMKEEPER_CONSENT_ACCOUNTS"},
		"unknown response mode":           {with(azure(), "SAMKEEPER_RESPONSE_MODE", "fragment"), "SAMKEEPER_RESPONSE_MODE"},
		"unknown task":                    {with(azure(), "SAMKEEPER_TASKS", "health,backup"), "SAMKEEPER_TASKS"},
		"permission by its id":            {with(azure(), "SAMKEEPER_CONSENT_SCOPES", "498476ce-e0fe-48b0-b801-37ba7e2685c6"), "SAMKEEPER_CONSENT_SCOPES"},
		"permission with its service":     {with(azure(), "SAMKEEPER_CONSENT_SCOPES", "https://graph.example/User.Read"), "SAMKEEPER_CONSENT_SCOPES"},
		"no permission":                   {with(azure(), "SAMKEEPER_CONSENT_SCOPES", ","), "SAMKEEPER_CONSENT_SCOPES"},
		"healing is no boolean":           {with(azure(), "SAMKEEPER_HEAL_CONSENT", "maybe"), "SAMKEEPER_HEAL_CONSENT"},
		"no task but the one taken out":   {with(azure(), "SAMKEEPER_TASKS", "consent", "SAMKEEPER_HEAL_CONSENT", "false"), "SAMKEEPER_HEAL_CONSENT"},
		"no boolean":                      {with(azure(), "SAMKEEPER_CLASSIC_ALERTS", "maybe"), "SAMKEEPER_CLASSIC_ALERTS"},
		"duration without unit":           {with(azure(), "SAMKEEPER_RUN_DEADLINE", "4"), "SAMKEEPER_RUN_DEADLINE"},
		"retention below a day":           {with(azure(), "SAMKEEPER_RETENTION", "2h"), "SAMKEEPER_RETENTION"},
		"audit retention below a day":     {with(azure(), "SAMKEEPER_AUDIT_RETENTION", "2h"), "SAMKEEPER_AUDIT_RETENTION"},
		"re-enqueue after the deadline":   {with(azure(), "SAMKEEPER_REQUEUE_AFTER", "5h"), "SAMKEEPER_REQUEUE_AFTER"},
		"a limit of words":                {with(azure(), "SAMKEEPER_PARTNERCENTER_LIMIT", "many"), "SAMKEEPER_PARTNERCENTER_LIMIT"},
		"a limit that stops everything":   {with(azure(), "SAMKEEPER_PARTNERCENTER_LIMIT", "0"), "SAMKEEPER_PARTNERCENTER_LIMIT"},
		"collector by name":               {with(azure(), "OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"), "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"collector over gRPC":             {with(azure(), "OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://collector.example:4317"), "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"collector with a password":       {with(azure(), "OTEL_EXPORTER_OTLP_ENDPOINT", "https://user:key@collector.example"), "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"unknown level":                   {with(azure(), "SAMKEEPER_LOG_LEVEL", "chatty"), "SAMKEEPER_LOG_LEVEL"},
		"an endpoint elsewhere":           {with(simulated(), "SAMKEEPER_LOGIN_ENDPOINT", "https://login.evil.example"), "SAMKEEPER_LOGIN_ENDPOINT"},
		"a name that starts like us":      {with(simulated(), "SAMKEEPER_ARM_ENDPOINT", "https://localhost.evil.example"), "SAMKEEPER_ARM_ENDPOINT"},
		"half a simulator":                {with(simulated(), "SAMKEEPER_GRAPH_ENDPOINT", ""), "SAMKEEPER_VAULT_URL"},
		"simulator with a real vault":     {with(simulated(), "SAMKEEPER_VAULT_URL", "https://x.vault.azure.net"), "SAMKEEPER_VAULT_URL"},
		"own authority in the real cloud": {with(azure(), "SAMKEEPER_CA_FILE", "ca.pem"), "SAMKEEPER_CA_FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := config.Parse(lookup(row.env))
			var faults *config.Faults
			if !errors.As(err, &faults) {
				t.Fatalf("Parse = %+v, %v; want a fault of %s", got, err, row.setting)
			}
			if len(faults.List) != 1 || faults.List[0].Setting != row.setting || faults.List[0].Fix == "" {
				t.Errorf("faults = %v, want one of %s with a fix", err, row.setting)
			}
		})
	}
}

func TestAllFaultsTogether(t *testing.T) {
	t.Parallel()
	_, err := config.Parse(lookup(nil))
	if err == nil {
		t.Fatal("an empty environment was accepted")
	}
	for _, s := range config.Settings {
		if s.Required && !strings.Contains(err.Error(), s.Name+" is missing") {
			t.Errorf("the error does not say that %s is missing:\n%v", s.Name, err)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n < 7 {
		t.Errorf("%d lines, want one for each fault:\n%v", n, err)
	}
}

func TestFaultsDoNotRepeatSecrets(t *testing.T) {
	t.Parallel()
	const secret = "Zz9~client.secret"
	_, err := config.Parse(lookup(with(azure(), "SAMKEEPER_APP_SECRET_NAME", secret, "SAMKEEPER_APP_ID", secret, "AzureWebJobsStorage", secret)))
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("error = %v; want one without the pasted secret", err)
	}
}
