package year_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/token"
	"github.com/samkeeper/samkeeper/internal/vault"
	"github.com/samkeeper/samkeeper/internal/vault/vaulttest"
	"github.com/samkeeper/samkeeper/sim/faults"
	"github.com/samkeeper/samkeeper/sim/simtest"
	simworld "github.com/samkeeper/samkeeper/sim/world"
)

var (
	connections = flag.Int("year.connections", 20, "how many connections live through the year")
	sampled     = flag.Int("year.real", 0, "how many of them use the real clients throughout")
	seed        = flag.Uint64("year.seed", 1, "which year")
)

const hoursOfYear = 365 * 24

// member is a connection with the customer tenant it works in.
type member struct {
	id    sam.ConnectionID
	works sam.TenantID
}

// year is everything that lives through it.
type year struct {
	*testing.T
	in       *simtest.Inside
	members  []member
	revoked  member
	gone     bool // the grant was revoked
	rows     *rows
	keeper   *keeper
	redeemer *redeemer
	rotator  *rotation.Rotator
	jobs     *jobs.Jobs
	source   *token.Source

	today     trouble
	rotations int
	failures  int
	served    int
	worst     time.Duration // least time any connection had left
}

func TestYear(t *testing.T) {
	t.Parallel()
	began := time.Now()
	y := newYear(t, *connections)
	defer y.source.Close()
	sky := weather(rand.New(rand.NewPCG(*seed, 0)))
	for hour := range hoursOfYear {
		y.in.World.Advance(time.Hour)
		what, fairFor := now(sky, hour)
		y.turn(what)
		if hour == hoursOfYear/2 {
			y.in.World.RevokeGrants(string(y.revoked.id.Object()))
			y.gone = true
		}
		y.live(hour, time.Duration(fairFor)*time.Hour)
		if t.Failed() {
			return
		}
		if hour%(30*24) == 0 {
			t.Logf("day %3d: %d rotations, %d failed, %s", hour/24, y.rotations, y.failures, time.Since(began).Round(time.Second))
		}
	}
	for _, s := range sky {
		t.Logf("%s: day %d, for %s", s.what, s.begin/24, time.Duration(s.end-s.begin)*time.Hour)
	}
	y.closing()
	t.Logf("%d connections, %d of them over the real clients; %d rotations, %d failed attempts, %d daily tokens; least time left %.1f days; %d problems opened, %d closed, raised by code %v; %s",
		len(y.members), len(y.keeper.sample), y.rotations, y.failures, y.served, y.worst.Hours()/24, y.rows.opened, y.rows.closed, y.rows.told, time.Since(began).Round(time.Millisecond))
}

// newYear consents to n connections: one of the partner, the others of
// customers who consented themselves.
func newYear(t *testing.T, n int) *year {
	t.Helper()
	w := simworld.New(simworld.Config{Seed: *seed, Customers: n - 1, Frozen: true, Terse: true})
	y := &year{T: t, in: simtest.NewInside(t, w), rows: newRows(w.Now), worst: vault.TokenLife}
	y.keeper = &keeper{Memory: vaulttest.NewMemory(w.Now), real: realVault(t, y.in), sample: map[sam.ConnectionID]bool{}}
	y.redeemer = &redeemer{real: realClient(y.in), world: w, sample: y.keeper.sample}
	public, _ := cloud.Lookup("public")
	y.source = token.New(token.Config{Redeemer: y.redeemer, Vault: y.keeper, Now: w.Now})
	y.rotator = rotation.New(rotation.Deps{
		Cloud: public, App: simworld.AppID, Vault: y.keeper, Ledger: y.rows, Redeemer: y.redeemer,
		Locks: &locks{held: map[string]bool{}}, Stored: y.source.Forget, Now: w.Now,
		Raise: func(_ context.Context, c ledger.Connection) error { y.rows.tell(c.ID, c.Problem.Code); return nil },
	})
	y.jobs = &jobs.Jobs{Deps: jobs.Deps{Ledger: y.rows, Now: w.Now, Log: slog.New(errorLines{y.rows})}}
	customers := w.Customers()
	y.consent(simworld.PartnerTenantID, simworld.IntegrationUserID, sam.PartnerConnection, customers[0].TenantID)
	for _, c := range customers {
		y.consent(c.TenantID, simworld.DerivedID(c.TenantID, "admin"), sam.DirectConnection, c.TenantID)
	}
	y.revoked = y.members[n/2]
	return y
}

// consent leaves behind what package consent does.
func (y *year) consent(tenant, user string, kind sam.Kind, works string) {
	w := y.in.World
	m := member{id: sam.NewConnectionID(sam.TenantID(tenant), sam.ObjectID(user)), works: sam.TenantID(works)}
	if len(y.members) < *sampled {
		y.keeper.sample[m.id] = true
	}
	refresh := w.OpenGrant(simworld.Grant{ID: uuid.NewString(), Tenant: tenant, User: user, App: simworld.AppID, AMR: []string{"pwd", "mfa"}, AuthTime: w.Now()})
	v, err := y.keeper.Put(y.Context(), vault.Version{
		Connection: m.id, Token: sam.NewSecret(refresh), Kind: kind, App: simworld.AppID, Cloud: "public",
		Source: vault.SourceConsent, AMR: []string{"pwd", "mfa"}, RedeemedAt: w.Now(),
	})
	if err != nil {
		y.Fatal(err)
	}
	_ = y.rows.PutConnection(y.Context(), ledger.Connection{
		ID: m.id, Kind: kind, App: simworld.AppID, Cloud: "public", MFA: true,
		ConsentedAt: v.RedeemedAt, RedeemedAt: v.RedeemedAt, Expires: v.Expires, Version: v.ID,
	})
	y.members = append(y.members, m)
}

// turn lets the weather change.
func (y *year) turn(what trouble) {
	if what == y.today {
		return
	}
	w := y.in.World
	if y.today == expired {
		w.RotateAppSecret(uuid.NewString(), false)
	}
	y.in.Faults.Clear()
	y.keeper.down, y.redeemer.broken = what == vaultDown, what == loginDown || what == expired
	fault := faults.Fault{Kind: faults.Status, Status: 503}
	switch what {
	case vaultDown:
		fault.Host = "vault"
	case loginDown:
		fault.Host = "login"
	case expired:
		w.Change(func(p *simworld.Partner) {
			for i := range p.App.Secrets {
				p.App.Secrets[i].Expires = w.Now()
			}
		})
	case fair, hostDown, timerStops:
	}
	if fault.Host != "" {
		if _, err := y.in.Faults.Set(fault); err != nil {
			y.Fatal(err)
		}
	}
	y.today = what
}

// live is one hour.
func (y *year) live(hour int, fairFor time.Duration) {
	if y.today == hostDown {
		return
	}
	if err := y.jobs.RaiseStalled(y.Context()); err != nil {
		y.Errorf("supervision: %v", err)
	}
	if y.today != timerStops {
		y.sweep()
	}
	if hour%24 == 6 {
		for _, m := range y.members {
			y.work(m)
			y.look(m)
		}
	}
	y.rows.check(fairFor, y.revoked.id)
	for _, m := range y.rows.mistakes {
		y.Error(m)
	}
}

func (y *year) sweep() {
	report, err := y.rotator.RotateDue(y.Context())
	if err != nil && y.today != vaultDown {
		y.Errorf("%s: sweep: %v", y.in.World.Now(), err)
	}
	y.rotations += report.Count(rotation.Rotated)
	y.failures += report.Count(rotation.Failed)
	for _, r := range report.Results {
		fine := r.State == rotation.Rotated || r.State == rotation.NotDue ||
			r.State == rotation.Failed && (y.today != fair || y.gone && r.Connection == y.revoked.id)
		if !fine || r.State == rotation.Rotated && r.Err != nil {
			y.Errorf("%s: %s", y.in.World.Now(), fmt.Sprintf("%+v", r))
		}
	}
}

// work gets one access token in the customer's tenant.
func (y *year) work(m member) {
	public, _ := cloud.Lookup("public")
	_, err := y.source.Credential(m.id, m.works).GetToken(y.Context(), policy.TokenRequestOptions{Scopes: []string{public.ARMScope()}})
	excused := y.today == vaultDown || y.today == loginDown || y.today == expired || y.gone && m.id == y.revoked.id
	switch {
	case err == nil:
		y.served++
	case !excused:
		y.Errorf("%s: no token for %s: %v", y.in.World.Now(), m.id, err)
	}
}

// look asks the vault's current token for the life it has left.
func (y *year) look(m member) {
	if y.today == vaultDown || y.gone && m.id == y.revoked.id {
		return
	}
	v, err := y.keeper.Current(y.Context(), m.id)
	if err != nil {
		y.Errorf("%s: %v", y.in.World.Now(), err)
		return
	}
	state, ok := y.in.World.Refresh(v.Token.Reveal())
	left := state.Issued.Add(simworld.RefreshLife).Sub(y.in.World.Now())
	y.worst = min(y.worst, left)
	if !ok || state.Revoked || left <= 0 {
		y.Errorf("%s: %s is lost: %+v", y.in.World.Now(), m.id, state)
	}
}

// closing: all problems are over but the revoked grant's, which was raised once.
func (y *year) closing() {
	all, _ := y.rows.Connections(y.Context())
	for _, c := range all {
		if ended := c.ID == y.revoked.id; ended != (c.Problem != nil) {
			y.Errorf("at the end of the year %s has problem %+v", c.ID, c.Problem)
		}
	}
	if n := y.rows.told["AADSTS50173"]; n != 1 {
		y.Errorf("the revoked grant was raised %d times", n)
	}
	if n := y.rows.told["AADSTS7000222"]; n != len(y.members)-1 && n != len(y.members) {
		y.Errorf("the expired app secret was raised for %d of %d connections", n, len(y.members))
	}
}
