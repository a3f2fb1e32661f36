package peer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/sim"
	"github.com/samkeeper/samkeeper/sim/arm"
	"github.com/samkeeper/samkeeper/sim/faults"
	"github.com/samkeeper/samkeeper/sim/world"
)

// refreshTokenSecret is where the peer finds its refresh token in the vault.
const refreshTokenSecret = "peer-refresh-token"

// arena is what both sides meet in: one simulated cloud for all rounds.
type arena struct {
	opts   Options
	sim    *sim.Server
	caFile string
	want   world.Expected
}

// openArena starts the cloud. It answers after the latency, enforces no limits
// (how a sweep copes with limits is another measurement) and holds a refresh
// token for the peer, as a sign-in would have left it.
func openArena(ctx context.Context, opts Options) (*arena, error) {
	a := &arena{opts: opts, caFile: filepath.Join(opts.WorkDir, "ca.pem")}
	var err error
	if a.sim, err = sim.Start(ctx, sim.Options{Customers: opts.Customers, Seed: opts.Seed, CAFile: a.caFile}); err != nil {
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	a.sim.ARM.Set(func(d *arm.Dials) { d.QueriesPerWindow, d.ReadBucket = 0, 0 })
	if opts.Latency > 0 {
		for _, host := range []string{"login", "graph", "arm", "partnercenter"} {
			if _, err := a.sim.Faults.Set(faults.Fault{Host: host, Kind: faults.Latency, Latency: opts.Latency.String()}); err != nil {
				a.close()
				return nil, fmt.Errorf("setting the latency: %w", err)
			}
		}
	}
	a.sim.Vault.Preset(refreshTokenSecret, a.sim.World.OpenGrant(world.Grant{
		ID: uuid.NewString(), Tenant: world.PartnerTenantID, User: world.IntegrationUserID, App: world.AppID,
		AMR: []string{"pwd", "mfa"}, AuthTime: a.sim.World.Now(),
	}))
	a.want = a.sim.World.Expected(Tasks, false)
	return a, nil
}

func (a *arena) close() { a.sim.Stop() }

// jobs is how many customers a sweep sends a message for: those with a
// relationship.
func (a *arena) jobs() int {
	n := 0
	for _, c := range a.sim.World.Customers() {
		if c.GDAP {
			n++
		}
	}
	return n
}

// env is the whole environment of a handler: what a child needs of ours, what
// aims it at the simulator, what the side adds, what the options add.
func (a *arena) env(connection string, more map[string]string) []string {
	settings := a.sim.Env()
	settings["AzureWebJobsStorage"] = connection
	settings["FUNCTIONS_WORKER_RUNTIME"] = "custom"
	settings["AZURE_FUNCTIONS_ENVIRONMENT"] = "Development"
	for name, value := range more {
		settings[name] = value
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir()}
	for name, value := range settings {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return append(env, a.opts.Settings...)
}

// quietHour is a clock for the host at which no timer of the app is near.
func quietHour() func() time.Time {
	start := time.Now().UTC()
	early := time.Date(start.Year(), start.Month(), start.Day(), 1, 20, 30, 0, time.UTC)
	offset := early.Sub(start)
	return func() time.Time { return time.Now().Add(offset) }
}
