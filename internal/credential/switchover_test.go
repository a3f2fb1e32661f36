package credential_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/credential"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/token"
	"github.com/samkeeper/samkeeper/internal/vault"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

var connection = sam.NewConnectionID(world.PartnerTenantID, world.IntegrationUserID)

// instance is one instance of the function app that visits customers. What it
// has read of the vault it keeps, as in production.
type instance struct {
	stage *stage
	entra *entra.Client
	graph *graph.Client
	vault *vault.Vault
}

func newInstance(s *stage) instance {
	p := s.start(immortal(s.t))
	source := credential.Source{Vault: p.vault, Keys: p.vkeys, Name: s.what.Name}
	proof := entra.SecretCredential(source.Secret)
	if s.what.Kind == credential.Certificate {
		proof = entra.CertificateCredential(entra.CertificateConfig{Cloud: public, App: world.AppID, Read: source.Certificate})
	}
	return instance{
		stage: s, graph: p.graph, vault: p.vault,
		entra: entra.New(entra.Config{Cloud: public, LoginURL: s.sim.LoginURL, App: world.AppID, Credential: proof, HTTP: s.client}),
	}
}

// sweep visits every customer once, with a new token for each.
func (i instance) sweep(ctx context.Context) error {
	tokens := token.New(token.Config{Redeemer: i.entra, Vault: i.vault})
	defer tokens.Close()
	for _, c := range i.stage.sim.World.Customers() {
		tenant := sam.TenantID(c.TenantID)
		if _, err := i.graph.Organization(ctx, tokens.Credential(connection, tenant)); err != nil && ctx.Err() == nil {
			return fmt.Errorf("visit customer %s: %w", tenant, err)
		}
	}
	return ctx.Err()
}

// TestSwitchOverFailsNoTask renews a credential while two instances sweep all
// customers without a pause: every step of the renewal, from the making of the
// new one to the removal of the old one, lies between visits, and none fails.
func TestSwitchOverFailsNoTask(t *testing.T) {
	t.Parallel()
	for name, what := range map[string]credential.Credential{"secret": aSecret, "certificate": aCertificate, "certificate, key in the vault": inTheVault} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, simtest.Start(t, simtest.Options{Customers: 12, Shares: simtest.Healthy()}), what)
			s.sim.World.Change(func(p *world.Partner) { p.App.Spread = 30 * time.Minute })
			s.client.Transport.(*http.Transport).MaxIdleConnsPerHost = 8
			s.furnish(20 * day)
			s.connect()
			rounds := s.sweepUntilTheEnd(2)
			for _, step := range []struct {
				pause time.Duration
				done  []credential.Step
			}{
				{0, []credential.Step{credential.Make, credential.List}},
				{time.Hour, []credential.Step{credential.Prove, credential.Settle}},
				{25 * time.Hour, []credential.Step{credential.Tidy}},
			} {
				s.did(s.pass(step.pause), step.done...)
				for range 4 {
					if err := <-rounds; err != nil {
						t.Fatalf("after %v: %v", step.done, err)
					}
				}
			}
		})
	}
}

// connect stores a refresh token of the integration user.
func (s *stage) connect() {
	s.t.Helper()
	_, err := s.watcher().vault.Put(s.t.Context(), vault.Version{
		Connection: connection, Token: secretOf(s.sim.MintRefreshToken(s.t, simtest.Mint{})), App: world.AppID,
		Kind: sam.PartnerConnection, Source: vault.SourceConsent, RedeemedAt: s.sim.World.Now(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// sweepUntilTheEnd lets n instances sweep until the test is over; each sweep's
// end is sent.
func (s *stage) sweepUntilTheEnd(n int) <-chan error {
	ctx, cancel := context.WithCancel(s.t.Context())
	rounds := make(chan error)
	var running sync.WaitGroup
	for range n {
		one := newInstance(s)
		running.Go(func() {
			for ctx.Err() == nil {
				select {
				case rounds <- one.sweep(ctx):
				case <-ctx.Done():
				}
			}
		})
	}
	s.t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return rounds
}
