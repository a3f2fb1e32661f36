package main

import (
	"context"
	"log/slog"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/samkeeper/samkeeper/handlers"
	"github.com/samkeeper/samkeeper/internal/config"
	"github.com/samkeeper/samkeeper/internal/credential"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// ladder is what the app proves itself with at the login endpoint: the listed
// credentials, in their order.
func ladder(cfg config.Config, opener azcore.TokenCredential, on adapters, log *slog.Logger) entra.AppCredential {
	var rungs []entra.Rung
	for _, name := range cfg.AppCredentials {
		rung := entra.Rung{Name: string(name)}
		switch name {
		case config.ManagedIdentity:
			rung.Credential = entra.FederatedCredential(opener, cfg.Cloud.FederationAudience)
		case config.Certificate:
			source := credential.Source{Vault: on.vault, Keys: on.keys, Name: cfg.AppCertificateName}
			rung.Credential = entra.CertificateCredential(entra.CertificateConfig{Cloud: cfg.Cloud, App: cfg.App, Read: source.Certificate})
		case config.ClientSecret:
			source := credential.Source{Vault: on.vault, Keys: on.keys, Name: cfg.AppSecretName}
			rung.Credential = entra.SecretCredential(source.Secret)
		}
		rungs = append(rungs, rung)
	}
	return entra.NewLadder(entra.LadderConfig{Rungs: rungs, Moved: moved(log)})
}

// moved tells the person in charge that a credential is refused although work
// goes on: each process says so at most once an hour.
func moved(log *slog.Logger) func(ctx context.Context, from, to string, because *sam.Problem) {
	return func(ctx context.Context, from, to string, because *sam.Problem) {
		log.LogAttrs(ctx, slog.LevelError, "an app credential is refused, the next one is in use",
			slog.String("refused", from), slog.String("in_use", to), slog.String("code", because.Code),
			slog.String("problem", because.Plain), slog.String("fix", because.Fix), slog.String("request_id", because.RequestID))
	}
}

// keeper looks after the credentials of the ladder that end.
func keeper(cfg config.Config, on adapters, log *slog.Logger) *credential.Keeper {
	var list []credential.Credential
	if cfg.Uses(config.Certificate) {
		list = append(list, credential.Credential{Kind: credential.Certificate, Name: cfg.AppCertificateName, InVault: cfg.AppKeyInVault})
	}
	if cfg.Uses(config.ClientSecret) {
		list = append(list, credential.Credential{Kind: credential.Secret, Name: cfg.AppSecretName})
	}
	return credential.New(credential.Deps{
		Cloud: cfg.Cloud, App: cfg.App, Tenant: cfg.PartnerTenants[0], VaultURL: cfg.VaultURL,
		Credentials: list, Managed: cfg.RenewAppCredential,
		Vault: on.vault, Keys: on.keys, Registration: on.graph, SignIn: on.entra, Ledger: on.ledger,
		Locks: credential.BlobLocks{Locker: on.leases}, Raise: credentialRaiser(log),
	})
}

// credentialRaiser is raiser for the app's credentials.
func credentialRaiser(log *slog.Logger) func(context.Context, ledger.Credential) error {
	return func(ctx context.Context, c ledger.Credential) error {
		p := c.Problem
		log.LogAttrs(ctx, slog.LevelError, "the app's credential needs a person",
			slog.String("credential", c.Name), slog.String("class", string(p.Class)), slog.String("code", p.Code),
			slog.String("problem", p.Plain), slog.String("fix", p.Fix), slog.String("request_id", p.RequestID))
		return nil
	}
}

// withCredentials looks after the app's credentials once a task is over, however
// it ended. Nothing of it fails the task: the room raises what needs a person.
func withCredentials(task handlers.Task, k *credential.Keeper, log *slog.Logger) handlers.Task {
	return func(ctx context.Context) ([]slog.Attr, error) {
		attrs, err := task(ctx)
		for _, one := range k.Renew(ctx) {
			if len(one.Done) > 0 || one.Err != nil {
				logCredential(ctx, log, one)
			}
		}
		return attrs, err
	}
}

func logCredential(ctx context.Context, log *slog.Logger, one credential.Result) {
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("credential", one.Credential.Name), slog.Any("done", one.Done),
		slog.String("reason", one.Reason), slog.Time("next", one.Next),
	}
	if one.Err != nil {
		level, attrs = slog.LevelWarn, append(attrs, slog.String("error", one.Err.Error()))
	}
	log.LogAttrs(ctx, level, "app credential", attrs...)
}
