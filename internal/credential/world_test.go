package credential_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/credential"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/lease"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/vault"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

const day = 24 * time.Hour

var public, _ = cloud.Lookup("public")

// stage is everything outside a process: it outlives crashes.
type stage struct {
	t      *testing.T
	sim    *simtest.Sim
	what   credential.Credential
	ledger *ledger.Ledger
	locks  *locks

	client   *http.Client // for all processes: connections are kept
	identity *identity
	watch    *process

	mu     sync.Mutex
	raised []ledger.Credential
	keys   []*rsa.PrivateKey
	used   int
}

func newStage(t *testing.T, sim *simtest.Sim, what credential.Credential) *stage {
	t.Helper()
	tables := map[string]rows.Table{}
	client := sim.HTTPClient()
	return &stage{
		t: t, sim: sim, what: what, client: client, identity: &identity{sim: sim, client: client, cache: map[string]azcore.AccessToken{}}, locks: &locks{held: map[string]bool{}},
		ledger: ledger.Over(func(name string) rows.Table {
			if tables[name] == nil {
				tables[name] = rows.NewMemory()
			}
			return tables[name]
		}, sim.World.Now),
	}
}

// newKey hands out keys made once: making them is what takes time.
func (s *stage) newKey() (*rsa.PrivateKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used++
	if len(s.keys) < 2 {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		s.keys = append(s.keys, key)
	}
	return s.keys[s.used%len(s.keys)], nil
}

// process is one run of the program, which may die.
type process struct {
	*stage
	machine *machine
	vault   *vault.Vault
	vkeys   *vault.Keys
	graph   *graph.Client
	entra   *entra.Client
}

// start starts a process whose calls go through m; rungs are its ladder.
func (s *stage) start(m *machine, rungs ...credential.Kind) process {
	s.t.Helper()
	p := process{stage: s, machine: m}
	client := &http.Client{Transport: wire{m, s.client.Transport}, Timeout: time.Minute}
	once := policy.ClientOptions{Transport: client, Retry: policy.RetryOptions{MaxRetries: -1}}
	secrets, err := azsecrets.NewClient(s.sim.VaultURL, s.identity, &azsecrets.ClientOptions{ClientOptions: once, DisableChallengeResourceVerification: true})
	if err != nil {
		s.t.Fatal(err)
	}
	keys, err := azkeys.NewClient(s.sim.VaultURL, s.identity, &azkeys.ClientOptions{ClientOptions: once, DisableChallengeResourceVerification: true})
	if err != nil {
		s.t.Fatal(err)
	}
	p.vault, p.vkeys = vault.New(secrets, s.sim.World.Now), vault.NewKeys(keys)
	if p.graph, err = graph.New(graph.Config{BaseURL: s.sim.GraphURL, Scope: public.GraphScope(), HTTP: client}); err != nil {
		s.t.Fatal(err)
	}
	ladder := []entra.Rung{{Name: "managed-identity", Credential: entra.FederatedCredential(s.identity, public.FederationAudience)}}
	if len(rungs) > 0 {
		ladder = nil
	}
	for _, kind := range rungs {
		ladder = append(ladder, entra.Rung{Name: string(kind), Credential: p.inUse(kind)})
	}
	p.entra = entra.New(entra.Config{
		Cloud: public, LoginURL: s.sim.LoginURL, App: world.AppID, HTTP: client, Now: s.sim.World.Now,
		Credential: entra.NewLadder(entra.LadderConfig{Rungs: ladder}),
	})
	return p
}

// inUse proves the app with what the vault gives out.
func (p process) inUse(kind credential.Kind) entra.AppCredential {
	source := credential.Source{Vault: p.vault, Keys: p.vkeys, Name: p.what.Name}
	if kind == credential.Secret {
		return entra.SecretCredential(source.Secret)
	}
	return entra.CertificateCredential(entra.CertificateConfig{Cloud: public, App: world.AppID, Read: source.Certificate, Now: p.sim.World.Now})
}

func (p process) deps() credential.Deps {
	return credential.Deps{
		Cloud: public, App: world.AppID, Tenant: world.PartnerTenantID, VaultURL: "https://vault.example",
		Credentials: []credential.Credential{p.what}, Managed: true,
		Vault: p.vault, Keys: p.vkeys, Registration: p.graph, SignIn: p.entra,
		Ledger: diary{p.machine, p.ledger}, Locks: p.locks, NewKey: p.newKey, Now: p.sim.World.Now,
		Raise: func(_ context.Context, c ledger.Credential) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.raised = append(p.raised, c)
			return nil
		},
	}
}

// tick is one hour's work of the process.
func (p process) tick() credential.Result {
	return credential.New(p.deps()).Renew(p.machine.ctx)[0]
}

// watcher is a process that only looks.
func (s *stage) watcher() process {
	if s.watch == nil {
		p := s.start(immortal(s.t))
		s.watch = &p
	}
	return *s.watch
}

// works asserts that Entra accepts what the vault gives out.
func (s *stage) works() {
	s.t.Helper()
	p := s.watcher()
	_, err := p.entra.AppToken(s.t.Context(), entra.AppRequest{Tenant: world.PartnerTenantID, Scope: public.GraphScope(), Credential: p.inUse(s.what.Kind)})
	if err != nil {
		s.t.Fatalf("what the vault gives out is refused: %v", err)
	}
}

// app is the registration as it is now.
func (s *stage) app() world.App {
	var app world.App
	s.sim.World.View(func() { app = s.sim.World.Partner().App.Copy() })
	return app
}

// registered lists the display names on the registration, of the kind at hand.
func (s *stage) registered() []string {
	var names []string
	if app := s.app(); s.what.Kind == credential.Secret {
		for _, c := range app.Secrets {
			names = append(names, c.Name)
		}
	} else {
		for _, c := range app.Certificates {
			names = append(names, c.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (s *stage) mark() string { return credential.Mark("https://vault.example", s.what.Name) }

// furnish gives the registration a foreign credential and one of ours that
// ends, and the vault ours.
func (s *stage) furnish(left time.Duration) {
	s.t.Helper()
	now, p := s.sim.World.Now(), s.watcher()
	entry := vault.Entry{Name: s.what.Name, Expires: now.Add(left), Tags: map[string]string{"key-id": "old"}}
	if s.what.Kind == credential.Secret {
		entry.Value = secretOf("old-" + s.what.Name)
	} else {
		entry.Value = secretOf(s.certificate(now.Add(left)))
	}
	s.sim.World.Change(func(partner *world.Partner) {
		partner.App.Secrets = []world.AppSecret{{ID: "foreign", Name: "foreign", Value: "foreign value", Expires: now.Add(-day)}}
		partner.App.Certificates = []world.AppCertificate{{ID: "foreign", Name: "foreign", Certificate: foreign(s.t, s.sim)}}
		if s.what.Kind == credential.Secret {
			partner.App.Secrets = append(partner.App.Secrets, world.AppSecret{ID: "old", Name: s.mark(), Value: entry.Value.Reveal(), Expires: now.Add(left)})
		} else {
			partner.App.Certificates = append(partner.App.Certificates, world.AppCertificate{ID: "old", Name: s.mark(), Certificate: firstOf(s.t, entry.Value.Reveal())})
		}
	})
	if _, err := p.vault.PutEntry(s.t.Context(), entry); err != nil {
		s.t.Fatal(err)
	}
}

// held reads what the vault gives out.
func (s *stage) held() vault.Entry {
	s.t.Helper()
	e, err := s.watcher().vault.Entry(s.t.Context(), s.what.Name)
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

// identity asks the simulator's managed-identity endpoint.
// Its tokens live for a day by the wall clock.
type identity struct {
	sim    *simtest.Sim
	client *http.Client

	mu    sync.Mutex
	cache map[string]azcore.AccessToken
}

func (i *identity) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if known, ok := i.cache[o.Scopes[0]]; ok {
		return known, nil
	}
	fresh, err := i.fetch(ctx, o)
	if err == nil {
		i.cache[o.Scopes[0]] = fresh
	}
	return fresh, err
}

func (i *identity) fetch(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	q := url.Values{"api-version": {"2019-08-01"}, "resource": {o.Scopes[0]}, "client_id": {world.IdentityClientID}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, i.sim.IdentityURL+"?"+q.Encode(), nil)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	req.Header.Set("X-IDENTITY-HEADER", i.sim.IdentityHeader)
	resp, err := i.client.Do(req)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	var body struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || body.Token == "" {
		return azcore.AccessToken{}, fmt.Errorf("managed identity: HTTP %d: %w", resp.StatusCode, err)
	}
	return azcore.AccessToken{Token: body.Token, ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// locks are leases in memory.
type locks struct {
	mu   sync.Mutex
	held map[string]bool
}

func (l *locks) Acquire(_ context.Context, name string, _ time.Duration) (credential.Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[name] {
		return nil, lease.ErrHeld
	}
	l.held[name] = true
	return &lock{l, name}, nil
}

type lock struct {
	all  *locks
	name string
}

func (l *lock) Renew(context.Context) error { return nil }

func (l *lock) Release(context.Context) error {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	delete(l.all.held, l.name)
	return nil
}

// foreign is a certificate that somebody else put on the registration.
func foreign(t *testing.T, sim *simtest.Sim) *x509.Certificate {
	t.Helper()
	foreignOnce.Do(func() {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		foreignDER = selfSigned(t, key, sim.World.Now().Add(2*365*day))
	})
	c, err := x509.ParseCertificate(foreignDER)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var (
	foreignOnce sync.Once
	foreignDER  []byte
)
