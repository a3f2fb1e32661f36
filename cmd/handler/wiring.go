package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/samkeeper/samkeeper/cmd/internal/reach"
	"github.com/samkeeper/samkeeper/handlers"
	"github.com/samkeeper/samkeeper/internal/arm"
	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/config"
	"github.com/samkeeper/samkeeper/internal/consent"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/fleet"
	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/jobs/access"
	"github.com/samkeeper/samkeeper/internal/jobs/alerts"
	healing "github.com/samkeeper/samkeeper/internal/jobs/consent"
	"github.com/samkeeper/samkeeper/internal/jobs/directory"
	"github.com/samkeeper/samkeeper/internal/jobs/health"
	"github.com/samkeeper/samkeeper/internal/jobs/subscriptions"
	"github.com/samkeeper/samkeeper/internal/lease"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/statuspage"
	"github.com/samkeeper/samkeeper/internal/storage"
	"github.com/samkeeper/samkeeper/internal/telemetry"
	"github.com/samkeeper/samkeeper/internal/throttle"
	"github.com/samkeeper/samkeeper/internal/token"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// app is the program put together. Nothing in it has called out yet.
type app struct {
	handler http.Handler
	tokens  *token.Source
}

// Close ends what the rooms have under way.
func (a *app) Close() { a.tokens.Close() }

// adapters are the services we depend on.
type adapters struct {
	storage *storage.Clients
	ledger  *ledger.Ledger
	leases  *lease.Locker
	limits  *throttle.Governor
	vault   *vault.Vault
	keys    *vault.Keys
	entra   *entra.Client
	tokens  *token.Source
	partner *partnercenter.Client
	graph   *graph.Client
	arm     *arm.Client
}

// wire makes everything, from the outside in: adapters, rooms, edge. Its
// errors are faults of the configuration that only show when it is used.
func wire(cfg config.Config, log *slog.Logger, tracing *telemetry.Tracing, version string) (*app, error) {
	roots, err := authorities(cfg)
	if err != nil {
		return nil, err
	}
	on, err := connect(cfg, reach.Client(roots, tracing), reach.Client(nil, tracing), log)
	if err != nil {
		return nil, err
	}
	rooms, err := furnish(cfg, on, log)
	if err != nil {
		return nil, err
	}
	rooms.Version, rooms.Tracing = version, tracing
	rooms.Status = func(ctx context.Context) (statuspage.Status, error) {
		return statuspage.Load(ctx, on.ledger, version, time.Now())
	}
	edge, err := handlers.New(rooms)
	if err != nil {
		return nil, err
	}
	return &app{handler: edge, tokens: on.tokens}, nil
}

// connect makes the adapters; none of them calls out yet. Storage has a client
// of its own: it is never the simulator's.
func connect(cfg config.Config, client, toStorage *http.Client, log *slog.Logger) (adapters, error) {
	var on adapters
	opener, errIdentity := reach.Identity(cfg, cfg.IdentityClient, client)
	var errStorage, errVault, errKeys error
	on.storage, errStorage = reach.Storage(cfg, toStorage)
	on.vault, errVault = openVault(cfg, opener, client)
	on.keys, errKeys = openKeys(cfg, opener, client)
	if err := errors.Join(errIdentity, errStorage, errVault, errKeys); err != nil {
		return on, err
	}
	on.ledger = ledger.New(on.storage.Table, nil)
	on.leases = lease.New(on.storage.Container(storage.ContainerLeases))
	on.entra = entra.New(entra.Config{Cloud: cfg.Cloud, LoginURL: cfg.Endpoints.Login, App: cfg.App, Credential: ladder(cfg, opener, on, log), HTTP: client, Unknown: unknownCode(log)})
	on.limits = throttle.NewGovernor(on.storage.Table(storage.TableThrottles))
	on.limits.Allow(throttle.PartnerCenter, cfg.PartnerLimit)
	on.tokens = token.New(token.Config{Redeemer: on.entra, Vault: on.vault, Limits: on.limits})

	var errPartner, errGraph, errARM error
	on.partner, errPartner = partnercenter.New(partnercenter.Config{BaseURL: cfg.Endpoints.PartnerCenter, Scope: cfg.Cloud.PartnerCenterScope(), HTTP: client})
	on.graph, errGraph = graph.New(graph.Config{BaseURL: cfg.Endpoints.Graph, Scope: cfg.Cloud.GraphScope(), HTTP: client})
	on.arm, errARM = arm.New(arm.Config{Cloud: cfg.Cloud, BaseURL: cfg.Endpoints.ARM, HTTP: client})
	return on, errors.Join(errPartner, errGraph, errARM)
}

// towardsVault retries little: waiting long is done by trying again later, not
// in a billed invocation.
func towardsVault(client *http.Client) policy.ClientOptions {
	return policy.ClientOptions{
		Transport: client,
		Retry:     policy.RetryOptions{MaxRetries: 2, RetryDelay: 300 * time.Millisecond, MaxRetryDelay: 3 * time.Second},
	}
}

func openVault(cfg config.Config, cred azcore.TokenCredential, client *http.Client) (*vault.Vault, error) {
	secrets, err := azsecrets.NewClient(cfg.VaultURL, cred, &azsecrets.ClientOptions{
		ClientOptions: towardsVault(client),
		// The check ties a challenge to the vault's own domain; a simulator on
		// loopback has none. config allows it there only.
		DisableChallengeResourceVerification: cfg.Endpoints.Simulated,
	})
	if err != nil {
		return nil, fmt.Errorf("vault client: %w", err)
	}
	return vault.New(secrets, nil), nil
}

// openKeys is openVault for the vault's keys.
func openKeys(cfg config.Config, cred azcore.TokenCredential, client *http.Client) (*vault.Keys, error) {
	keys, err := azkeys.NewClient(cfg.VaultURL, cred, &azkeys.ClientOptions{
		ClientOptions: towardsVault(client), DisableChallengeResourceVerification: cfg.Endpoints.Simulated,
	})
	if err != nil {
		return nil, fmt.Errorf("vault client for keys: %w", err)
	}
	return vault.NewKeys(keys), nil
}

// furnish makes the rooms.
func furnish(cfg config.Config, on adapters, log *slog.Logger) (handlers.Rooms, error) {
	signIn := consent.New(consent.Deps{
		Cloud: cfg.Cloud, App: cfg.App, Tenants: cfg.PartnerTenants, Direct: cfg.DirectTenants, Accounts: cfg.ConsentAccounts,
		RedirectURI: cfg.RedirectURI(), ResponseMode: cfg.ResponseMode,
		SignIn: on.entra, Vault: on.vault, Ledger: on.ledger, Stored: on.tokens.Forget,
	})
	rotator := rotation.New(rotation.Deps{
		Cloud: cfg.Cloud, App: cfg.App, ConsentURL: cfg.ConsentURL(),
		Vault: on.vault, Ledger: on.ledger, Redeemer: on.entra, Locks: rotation.BlobLocks{Locker: on.leases},
		PartnerCenter: on.partner,
		Stored:        on.tokens.Forget, Raise: raiser(log),
	})
	tasks, err := taskRegistry(cfg, on)
	if err != nil {
		return handlers.Rooms{}, err
	}
	sweeps, err := jobs.New(jobs.Deps{
		Ledger: on.ledger, Results: ledger.NewResultStore(on.storage.Container(storage.ContainerResults)),
		Queue: on.storage, Leases: jobs.BlobLeases(on.leases), Gate: throttle.New(on.storage.Table(storage.TableThrottles)), Limits: on.limits,
		Tokens: on.tokens, Fleet: &fleet.Fleet{Partner: on.partner, Relationships: on.graph, Organizations: on.graph}, Tasks: tasks,
		HomeScope:   cfg.Cloud.PartnerCenterScope(),
		RunDeadline: cfg.RunDeadline, RequeueAfter: cfg.RequeueAfter, Retention: cfg.Retention, AuditRetention: cfg.AuditRetention, Log: log,
	})
	if err != nil {
		return handlers.Rooms{}, err
	}
	ready := newPreparation(on.storage.Ensure)
	dog := newWatchdog(on.ledger, sweeps, log)
	rooms := handlers.Rooms{
		Consent: signIn, Rotate: withCredentials(rotate(rotator, log), keeper(cfg, on, log), log), OpenRun: openRun(sweeps), Supervise: supervise(sweeps),
		RunJob: sweeps.Deliver, RecordPoisoned: sweeps.RecordPoisoned, Prepare: ready.Prepare, Log: log,
		Watch: watch{dog, ready.Prepare},
		Probes: []handlers.Probe{
			{Name: "storage", Check: func(ctx context.Context) error {
				if err := ready.Prepare(ctx); err != nil {
					return err
				}
				_, err := on.ledger.Runs(ctx, 1)
				return err
			}},
			{Name: "vault", Check: on.vault.Preflight},
		},
	}
	watched(&rooms, dog)
	return rooms, nil
}

// taskRegistry holds the tasks of config.KnownTasks, cut to those chosen.
func taskRegistry(cfg config.Config, on adapters) (*jobs.Registry, error) {
	all, err := jobs.NewRegistry(
		healing.Task{Partner: on.partner, Trail: on.ledger, App: cfg.App, Needs: needs(cfg)},
		subscriptions.Task{Azure: on.arm, Books: on.partner},
		health.Task{Azure: on.arm, Books: on.partner},
		alerts.Task{Azure: on.arm, Books: on.partner, Classic: cfg.ClassicAlerts},
		directory.Task{Graph: on.graph},
		access.New(access.Config{Books: on.graph, Azure: on.arm, Sold: on.partner, GraphScope: cfg.Cloud.GraphScope(), Delegated: cfg.ConsentScopes, Tasks: cfg.Tasks}),
	)
	if err != nil {
		return nil, fmt.Errorf("tasks: %w", err)
	}
	return all.Only(cfg.Tasks)
}

// needs are the services that the chosen tasks call at a customer, and the
// permissions they cannot do without.
func needs(cfg config.Config) []healing.Need {
	var all []healing.Need
	if slices.Contains(cfg.Tasks, directory.Name) {
		all = append(all, healing.Need{Service: "Microsoft Graph", App: cloud.GraphApp, Token: cfg.Cloud.GraphScope(), Scopes: cfg.ConsentScopes})
	}
	if slices.ContainsFunc(cfg.Tasks, func(t string) bool { return t == subscriptions.Name || t == health.Name || t == alerts.Name }) {
		all = append(all, healing.Need{Service: "Azure Resource Manager", App: cloud.ARMApp, Token: cfg.Cloud.ARMScope(), Scopes: []string{"user_impersonation"}})
	}
	return all
}
