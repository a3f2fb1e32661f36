package credential_test

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/credential"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/sim/keyvault"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

var (
	aSecret      = credential.Credential{Kind: credential.Secret, Name: "app-secret"}
	aCertificate = credential.Credential{Kind: credential.Certificate, Name: "app-certificate"}
	inTheVault   = credential.Credential{Kind: credential.Certificate, Name: "app-certificate", InVault: true}
)

func stageOf(t *testing.T, what credential.Credential) *stage {
	t.Helper()
	return newStage(t, simtest.Start(t, simtest.Options{Shares: simtest.Healthy()}), what)
}

// pass lets time pass and then ticks.
func (s *stage) pass(d time.Duration, rungs ...credential.Kind) credential.Result {
	s.t.Helper()
	s.sim.World.Advance(d)
	return s.start(immortal(s.t), rungs...).tick()
}

// did asserts what a tick did.
func (s *stage) did(r credential.Result, want ...credential.Step) {
	s.t.Helper()
	if r.Err != nil || !slices.Equal(r.Done, want) {
		s.t.Fatalf("did %v, want %v: %s, %v", r.Done, want, r.Reason, r.Err)
	}
	s.works()
}

// TestRenewal follows each kind through its whole life, the app proving itself
// with the very credential that is renewed.
func TestRenewal(t *testing.T) {
	t.Parallel()
	for name, what := range map[string]credential.Credential{"secret": aSecret, "certificate": aCertificate, "certificate, key in the vault": inTheVault} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stageOf(t, what)
			s.sim.World.Change(func(p *world.Partner) { p.App.Spread = 2 * time.Hour })
			s.furnish(32 * day)
			old := s.held()
			s.did(s.pass(0, what.Kind))
			s.did(s.pass(day, what.Kind), credential.Tidy) // the ledger knows nothing of it
			s.did(s.pass(time.Hour, what.Kind))
			s.did(s.pass(day, what.Kind), credential.Make, credential.List)
			if got, want := s.registered(), sorted("foreign", s.mark(), s.mark()); !slices.Equal(got, want) {
				t.Errorf("registered %q, want %q: the old one stays", got, want)
			}
			s.did(s.pass(5*time.Minute, what.Kind)) // too early to ask
			s.did(s.pass(time.Hour, what.Kind))     // Entra does not know it yet
			if !s.held().Value.Equal(old.Value) {
				t.Error("switched over before the proof")
			}
			s.did(s.pass(time.Hour, what.Kind), credential.Prove, credential.Settle)
			if s.held().Value.Equal(old.Value) {
				t.Error("not switched over after the proof")
			}
			s.did(s.pass(23*time.Hour, what.Kind)) // the old one is still registered
			if len(s.registered()) != 3 {
				t.Errorf("registered %q", s.registered())
			}
			s.did(s.pass(2*time.Hour, what.Kind), credential.Tidy)
			if got, want := s.registered(), sorted("foreign", s.mark()); !slices.Equal(got, want) {
				t.Errorf("registered %q, want %q", got, want)
			}
			s.did(s.pass(100*day, what.Kind))
			if len(s.raised) != 0 {
				t.Errorf("raised %+v", s.raised)
			}
			s.isWhereItShouldBe()
		})
	}
}

// isWhereItShouldBe looks at what the vault holds: the private key, or none.
func (s *stage) isWhereItShouldBe() {
	s.t.Helper()
	text := s.held().Value.Reveal()
	if s.what.Kind == credential.Certificate && strings.Contains(text, "PRIVATE KEY") == s.what.InVault {
		s.t.Errorf("key in the vault for good: %t, but the secret is %d bytes that do not show it", s.what.InVault, len(text))
	}
}

func TestFirstCredential(t *testing.T) {
	t.Parallel()
	for name, what := range map[string]credential.Credential{
		"secret":                        {Kind: credential.Secret, Name: "new-secret"},
		"certificate":                   aCertificate,
		"certificate, key in the vault": inTheVault,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stageOf(t, what)
			// There is nothing to lose: it is proved at once.
			s.did(s.pass(0), credential.Make, credential.List, credential.Prove, credential.Settle)
			if got := s.registered(); !slices.Contains(got, s.mark()) {
				t.Errorf("registered %q", got)
			}
		})
	}
}

// A secret stored by hand has no known end: samkeeper makes its own, and leaves
// the operator's on the registration.
func TestSecretStoredByHand(t *testing.T) {
	t.Parallel()
	s := stageOf(t, aSecret)
	s.did(s.pass(0), credential.Make, credential.List)
	s.did(s.pass(time.Hour), credential.Prove, credential.Settle)
	s.did(s.pass(25*time.Hour), credential.Tidy)
	if got, want := s.registered(), sorted("by hand", s.mark()); !slices.Equal(got, want) {
		t.Errorf("registered %q, want %q", got, want)
	}
}

// A person who stores another value while a candidate is under way is not
// overwritten by it.
func TestPersonWins(t *testing.T) {
	t.Parallel()
	s := stageOf(t, aSecret)
	s.furnish(20 * day)
	s.did(s.pass(0), credential.Make, credential.List)
	p := s.start(immortal(t))
	deps := p.deps()
	value := s.sim.World.RotateAppSecret("by-hand", false)
	deps.SignIn = signIn(func(ctx context.Context, r entra.AppRequest) (entra.Tokens, error) {
		if r.Credential != nil { // the very moment of the proof
			s.sim.Vault.Preset("app-secret", value)
		}
		return p.entra.AppToken(ctx, r)
	})
	s.sim.World.Advance(time.Hour)
	credential.New(deps).Renew(t.Context())
	s.works()
	if got := s.held().Value.Reveal(); got != value {
		t.Error("the person's secret was overwritten")
	}
}

type signIn func(context.Context, entra.AppRequest) (entra.Tokens, error)

func (f signIn) AppToken(ctx context.Context, r entra.AppRequest) (entra.Tokens, error) {
	return f(ctx, r)
}

// When the new secret cannot be stored it is taken off the registration again.
func TestStoringFails(t *testing.T) {
	t.Parallel()
	s := stageOf(t, aSecret)
	s.furnish(20 * day)
	s.sim.Vault.SetRole(keyvault.Reader)
	r := s.pass(0)
	if sam.ClassOf(r.Err) != sam.ClassConfiguration || len(r.Done) != 0 {
		t.Fatalf("%+v", r)
	}
	if got, want := s.registered(), sorted("foreign", s.mark()); !slices.Equal(got, want) {
		t.Errorf("registered %q, want %q", got, want)
	}
	s.works()
	s.sim.Vault.SetRole(keyvault.Officer)
	s.did(s.pass(30 * time.Minute)) // not before its time
	s.did(s.pass(31*time.Minute), credential.Make, credential.List)
	if len(s.raised) != 1 || !strings.Contains(s.raised[0].Problem.Fix, "Key Vault Secrets Officer") {
		t.Errorf("raised %+v", s.raised)
	}
}

// Without the permission a person is told once, in plain words, and what is in
// use stays in use.
func TestWithoutPermission(t *testing.T) {
	t.Parallel()
	for name, what := range map[string]credential.Credential{"secret": aSecret, "certificate": aCertificate} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stageOf(t, what)
			s.furnish(20 * day)
			s.sim.World.Change(func(p *world.Partner) { p.App.Roles = nil })
			for range 4 {
				if r := s.pass(7 * time.Hour); sam.ClassOf(r.Err) != sam.ClassConfiguration {
					t.Fatalf("%+v", r)
				}
				s.works()
			}
			if len(s.raised) != 1 || !strings.Contains(s.raised[0].Problem.Fix, world.OwnsItself) {
				t.Fatalf("raised %+v", s.raised)
			}
			s.sim.World.Change(func(p *world.Partner) { p.App.Roles = []string{world.OwnsItself} })
			if r := s.pass(7 * time.Hour); r.Err != nil {
				t.Fatal(r.Err)
			}
			row, err := s.ledger.Credential(t.Context(), what.Name)
			if err != nil || row.Problem != nil || row.Attempts != 0 {
				t.Errorf("%+v, %v: the problem is over", row, err)
			}
		})
	}
}

// A vault that may not sign is told with the role it takes.
func TestWithoutKeyRole(t *testing.T) {
	t.Parallel()
	s := stageOf(t, inTheVault)
	s.sim.Vault.SetKeyRole(keyvault.NoRole)
	r := s.pass(0)
	if p := sam.AsProblem(r.Err); p == nil || p.Class != sam.ClassConfiguration || !strings.Contains(p.Fix, "Key Vault Crypto Officer") {
		t.Fatalf("%v", r.Err)
	}
}

// A candidate that Entra does not accept within a day is discarded, a person is
// told, and what is in use stays in use.
func TestCandidateIsNeverAccepted(t *testing.T) {
	t.Parallel()
	for name, what := range map[string]credential.Credential{"secret": aSecret, "certificate": aCertificate} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stageOf(t, what)
			s.furnish(20 * day)
			s.sim.World.Change(func(p *world.Partner) { p.App.Spread = 1000 * time.Hour })
			s.did(s.pass(0), credential.Make, credential.List)
			s.did(s.pass(23 * time.Hour))
			r := s.pass(2 * time.Hour)
			if p := sam.AsProblem(r.Err); p == nil || p.Code != "candidate_refused" || len(s.raised) != 1 {
				t.Fatalf("%v, raised %+v", r.Err, s.raised)
			}
			if got, want := s.registered(), sorted("foreign", s.mark()); !slices.Equal(got, want) {
				t.Errorf("registered %q, want %q", got, want)
			}
			s.works()
			s.sim.World.Change(func(p *world.Partner) { p.App.Spread = 0 })
			s.did(s.pass(2*time.Hour), credential.Make, credential.List)
		})
	}
}

// A credential that nobody renews is watched: a person is told once.
func TestWatched(t *testing.T) {
	t.Parallel()
	s := stageOf(t, aCertificate)
	s.furnish(31 * day)
	watch := func(after time.Duration) credential.Result {
		s.sim.World.Advance(after)
		deps := s.start(immortal(t)).deps()
		deps.Managed = false
		return credential.New(deps).Renew(t.Context())[0]
	}
	if r := watch(0); r.Err != nil || len(s.raised) != 0 {
		t.Fatalf("%+v, raised %+v", r, s.raised)
	}
	for range 3 {
		watch(2 * day)
	}
	if len(s.raised) != 1 || !strings.Contains(s.raised[0].Problem.Plain, s.what.Name) {
		t.Fatalf("raised %+v", s.raised)
	}
	s.furnish(300 * day) // renewed by hand
	if r := watch(day); r.Err != nil {
		t.Fatal(r.Err)
	}
	row, err := s.ledger.Credential(t.Context(), s.what.Name)
	if err != nil || row.Problem != nil {
		t.Errorf("%+v, %v: the problem is over", row, err)
	}
	if len(s.app().Certificates) != 2 {
		t.Error("a watched credential was changed")
	}
}

// Two processes at once: one works, the other leaves it alone.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	s := stageOf(t, aCertificate)
	s.locks.held["credential-app-certificate"] = true
	if r := s.pass(0); !r.Held || r.Err != nil || len(r.Done) != 0 {
		t.Errorf("%+v", r)
	}
}

// The certificate made is one that Entra takes: RSA, SHA-256, a year.
func TestCertificateMade(t *testing.T) {
	t.Parallel()
	s := stageOf(t, aCertificate)
	s.pass(0)
	c := firstOf(t, s.held().Value.Reveal())
	public, ok := c.PublicKey.(*rsa.PublicKey)
	if !ok || public.N.BitLen() < 2048 || c.SignatureAlgorithm != x509.SHA256WithRSA {
		t.Errorf("%T, %v", c.PublicKey, c.SignatureAlgorithm)
	}
	if life := c.NotAfter.Sub(s.sim.World.Now()); life < 364*day || life > 366*day {
		t.Errorf("lives %v", life)
	}
	if e := s.held(); e.ContentType != "application/x-pem-file" || !e.Expires.Round(time.Minute).Equal(c.NotAfter.Round(time.Minute)) {
		t.Errorf("%s until %v", e.ContentType, e.Expires)
	}
}
