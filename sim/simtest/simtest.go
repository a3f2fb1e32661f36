package simtest

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/sim"
	"github.com/samkeeper/samkeeper/sim/faults"
	"github.com/samkeeper/samkeeper/sim/world"
)

// Options says what to start; see sim.Options. CAFile is set by Start.
type Options = sim.Options

// Sim is a running simulator; its URLs, Env, HTTPClient, CAPool, CAFile, World,
// Faults, Vault and Recorder are those of sim.Server.
type Sim struct {
	*sim.Server
	IdentityHeader string
}

// Start starts a simulator that ends with the test.
func Start(tb testing.TB, options Options) *Sim {
	tb.Helper()
	if options.CAFile == "" {
		options.CAFile = filepath.Join(tb.TempDir(), "ca.pem")
	}
	server, err := sim.Start(tb.Context(), options)
	if err != nil {
		tb.Fatalf("start the simulator: %v", err)
	}
	tb.Cleanup(server.Stop)
	return &Sim{Server: server, IdentityHeader: sim.IdentityHeader}
}

// Healthy are the shares of a fleet in which nothing is wrong.
func Healthy() *world.Shares { return &world.Shares{} }

// Fault sets a dial and fails the test when it is not a valid one.
func (s *Sim) Fault(tb testing.TB, f faults.Fault) string {
	tb.Helper()
	id, err := s.Faults.Set(f)
	if err != nil {
		tb.Fatalf("set fault: %v", err)
	}
	return id
}

// Mint says for whom a refresh token is made; the zero value is the
// integration user of the partner, with MFA.
type Mint struct {
	Tenant string   // home tenant of the user
	User   string   // object id
	AMR    []string // default: pwd, mfa
}

// MintRefreshToken makes a refresh token as if the user had signed in just
// now, for tests that need a connection without the pages.
func (s *Sim) MintRefreshToken(tb testing.TB, m Mint) string {
	tb.Helper()
	if m.Tenant == "" {
		m.Tenant = world.PartnerTenantID
	}
	if m.User == "" {
		m.User = world.IntegrationUserID
	}
	if m.AMR == nil {
		m.AMR = []string{"pwd", "mfa"}
	}
	if _, ok := s.World.User(m.Tenant, m.User); !ok {
		tb.Fatalf("mint a refresh token: no user %s in tenant %s", m.User, m.Tenant)
	}
	return s.World.OpenGrant(world.Grant{
		ID: uuid.NewString(), Tenant: m.Tenant, User: m.User, App: world.AppID,
		AMR: slices.Clone(m.AMR), AuthTime: s.World.Now(),
	})
}

// IdentityHeader is what callers of the managed-identity endpoint present.
const IdentityHeader = sim.IdentityHeader
