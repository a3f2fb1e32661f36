package main

import (
	"io"
	"log/slog"
	"testing"

	"github.com/samkeeper/samkeeper/internal/config"
	"github.com/samkeeper/samkeeper/internal/telemetry"
)

// TestWiring puts the program together in every shape the settings allow. It
// must call nobody: the names do not resolve.
func TestWiring(t *testing.T) {
	t.Parallel()
	azure := map[string]string{
		"FUNCTIONS_CUSTOMHANDLER_PORT":     "7072",
		"AzureWebJobsStorage__accountName": "samkeepertest",
		"SAMKEEPER_PARTNER_TENANTS":        "11111111-1111-4111-8111-111111111111",
		"SAMKEEPER_APP_ID":                 "22222222-2222-4222-8222-222222222222",
		"SAMKEEPER_IDENTITY_CLIENT_ID":     "44444444-4444-4444-8444-444444444444",
		"SAMKEEPER_VAULT_URL":              "https://samkeeper-test.vault.azure.net",
		"SAMKEEPER_CONSENT_ACCOUNTS":       "sam.keeper@partner.example",
		"WEBSITE_HOSTNAME":                 "samkeeper-test.azurewebsites.net",
		"IDENTITY_ENDPOINT":                "http://169.254.129.2:8081/msi/token",
	}
	for name, change := range map[string]map[string]string{
		"managed identity":                    {},
		"system-assigned identity":            {"SAMKEEPER_APP_CREDENTIAL": "secret", "SAMKEEPER_IDENTITY_CLIENT_ID": ""},
		"developer login":                     {"SAMKEEPER_APP_CREDENTIAL": "secret", "IDENTITY_ENDPOINT": ""},
		"certificate, signed in the vault":    {"SAMKEEPER_APP_CREDENTIAL": "certificate", "SAMKEEPER_APP_CERTIFICATE_KEY": "vault"},
		"ladder that is renewed":              {"SAMKEEPER_APP_CREDENTIAL": "managed-identity,certificate,secret", "SAMKEEPER_RENEW_APP_CREDENTIAL": "true"},
		"storage by connection string":        {"AzureWebJobsStorage": "UseDevelopmentStorage=true"},
		"storage with an identity of its own": {"AzureWebJobsStorage__clientId": "55555555-5555-4555-8555-555555555555", "AzureWebJobsStorage__credential": "managedidentity"},
		"national cloud":                      {"SAMKEEPER_CLOUD": "usgov", "SAMKEEPER_VAULT_URL": "https://samkeeper-test.vault.usgovcloudapi.net"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := config.Parse(func(setting string) string {
				if v, ok := change[setting]; ok {
					return v
				}
				return azure[setting]
			})
			if err != nil {
				t.Fatal(err)
			}
			app, err := wire(cfg, telemetry.New(io.Discard, slog.LevelInfo), nil, "v0.0.0")
			if err != nil {
				t.Fatal(err)
			}
			app.Close()
		})
	}
}

// TestEveryKnownTaskExists: config accepts exactly the names that have a task.
func TestEveryKnownTaskExists(t *testing.T) {
	t.Parallel()
	registry, err := taskRegistry(config.Config{Tasks: config.KnownTasks}, adapters{})
	if err != nil {
		t.Fatal(err)
	}
	if got := registry.Names(); len(got) != len(config.KnownTasks) {
		t.Errorf("tasks %v, config knows %v", got, config.KnownTasks)
	}
}
