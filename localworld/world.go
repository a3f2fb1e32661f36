package localworld

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/samkeeper/samkeeper/funchost"
	"github.com/samkeeper/samkeeper/localworld/azurite"
	"github.com/samkeeper/samkeeper/sim"
	"github.com/samkeeper/samkeeper/sim/storage"
	"github.com/samkeeper/samkeeper/sim/world"
)

// Options says what to start.
type Options struct {
	ScriptRoot string            // the staged dist/ folder
	Customers  int               // how many the partner has
	Seed       uint64            // same seed, same customers
	Shares     *world.Shares     // nil: the simulator's default
	Cloud      string            // "" is public
	LogDir     string            // where handler.log and host.log are written
	Settings   map[string]string // more settings for the handler; they win
	AzuriteDir string            // where Azurite is installed; "" finds it
	// Install gets the progress of Azurite's first installation.
	Install *os.File
	// Simulated keeps everything in the simulated storage account, in memory,
	// in place of Azurite, which becomes slow with a few hundred customers.
	Simulated bool
	// Instances is how many stand-in hosts, each with a handler of its own,
	// share the storage; 0 means 1.
	Instances int
	// Observe is told of every finished invocation; it must not block.
	Observe func(funchost.Invocation)
	// Stored is told of every blob that was put into the simulated storage.
	Stored func(container, name string, metadata map[string]string)
	// QueueLease shortens the ten minutes for which a host leases a message.
	QueueLease time.Duration
}

// World is the running local world. Its methods may be used by one goroutine.
type World struct {
	Sim     *sim.Server
	Azurite *azurite.Azurite // nil when Account is there
	Account *storage.Server  // nil when Azurite is there
	Host    *funchost.Host   // the first of Hosts
	Hosts   []*funchost.Host

	config  funchost.Config // of every host; the address is the first one's
	logs    *logs
	client  *http.Client // trusts the simulator, follows no redirects
	answers *record      // every body the app answered here
}

// Start brings the world up; ctx bounds its whole life. On an error nothing is
// left running.
func Start(ctx context.Context, opts Options) (_ *World, err error) {
	w := &World{answers: &record{}}
	defer func() {
		if err != nil {
			w.Stop()
		}
	}()
	if w.logs, err = openLogs(opts.LogDir); err != nil {
		return nil, err
	}
	if err = w.startStorage(ctx, opts); err != nil {
		return nil, err
	}
	caFile := filepath.Join(w.logs.dir, "ca.pem")
	w.Sim, err = sim.Start(ctx, sim.Options{Customers: opts.Customers, Seed: opts.Seed, Cloud: opts.Cloud, Shares: opts.Shares, CAFile: caFile})
	if err != nil {
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	w.client = w.Sim.HTTPClient()
	w.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return w, w.startHosts(ctx, opts)
}

func (w *World) startStorage(ctx context.Context, opts Options) (err error) {
	if opts.Simulated {
		if w.Account, err = storage.Start(ctx, storage.Options{Seed: opts.Seed, Stored: opts.Stored}); err != nil {
			return fmt.Errorf("starting the simulated storage: %w", err)
		}
		return nil
	}
	if err = azurite.Install(ctx, opts.Install); err != nil {
		return fmt.Errorf("installing Azurite: %w", err)
	}
	if w.Azurite, err = azurite.Start(ctx, azurite.Options{Dir: opts.AzuriteDir, Log: w.logs.azurite}); err != nil {
		return fmt.Errorf("starting Azurite: %w", err)
	}
	return nil
}

// ConnectionString opens the storage account.
func (w *World) ConnectionString() string {
	if w.Account != nil {
		return w.Account.ConnectionString()
	}
	return w.Azurite.ConnectionString()
}

// startHosts starts one host after the other; people reach the first.
func (w *World) startHosts(ctx context.Context, opts Options) error {
	root, err := filepath.Abs(opts.ScriptRoot)
	if err != nil {
		return fmt.Errorf("finding the script root: %w", err)
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(address)
	settings := w.Sim.Env()
	settings["AzureWebJobsStorage"] = w.ConnectionString()
	settings["FUNCTIONS_WORKER_RUNTIME"] = "custom"
	settings["AZURE_FUNCTIONS_ENVIRONMENT"] = "Development"
	settings["SAMKEEPER_PUBLIC_URL"] = "http://localhost:" + port
	for name, value := range opts.Settings {
		settings[name] = value
	}
	config := funchost.Config{
		ScriptRoot: root, Env: environment(settings), HTTPAddr: address, Observe: opts.Observe,
		Log: slog.New(slog.NewTextHandler(w.logs.host, nil)), HandlerOutput: w.logs.handler,
		Now: hostClock(time.Now()), QueueLease: opts.QueueLease,
	}
	w.config = config
	for range max(1, opts.Instances) {
		if err := w.startHost(ctx, config); err != nil {
			return err
		}
		config.HTTPAddr = "" // whichever is free
	}
	return nil
}

// HostConfig describes one more host over the same storage, on a free address:
// for those who end hosts and start others in their place.
func (w *World) HostConfig() funchost.Config {
	config := w.config
	config.HTTPAddr = ""
	return config
}

// startHost starts one host. The first one's address is chosen before, because
// the handlers must know it.
func (w *World) startHost(ctx context.Context, config funchost.Config) error {
	host, err := funchost.New(config)
	if err != nil {
		return fmt.Errorf("reading the script root: %w", err)
	}
	w.Hosts = append(w.Hosts, host)
	w.Host = w.Hosts[0]
	if err = host.Start(ctx); err == nil {
		err = host.Ready(ctx)
	}
	if err != nil {
		return fmt.Errorf("starting the stand-in host: %w\n%s", err, w.LastWords())
	}
	return nil
}

// hostClock starts at twenty past one, whatever the time: the timers of the app
// fire at :05 and :17, and a sweep that a timer began in the middle of a demo or
// a test would be taken for the one that was asked for.
func hostClock(start time.Time) func() time.Time {
	start = start.UTC()
	early := time.Date(start.Year(), start.Month(), start.Day(), 1, 20, 0, 0, time.UTC)
	offset := early.Sub(start)
	return func() time.Time { return time.Now().Add(offset) }
}

// environment is what a child needs of ours, and the settings.
func environment(settings map[string]string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir()}
	for name, value := range settings {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env
}

func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

// Stop ends everything; nothing is left running. It may be called twice.
func (w *World) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	var hosts sync.WaitGroup
	for _, host := range w.Hosts {
		hosts.Go(func() { _ = host.Stop(ctx) }) // it kills the handler whatever it returns
	}
	hosts.Wait()
	if w.Sim != nil {
		w.Sim.Stop()
	}
	if w.Azurite != nil {
		w.Azurite.Stop()
	}
	if w.Account != nil {
		w.Account.Stop()
	}
	if w.logs != nil {
		w.logs.close()
	}
}

// AppURL is the app's address as a browser sees it, without a trailing slash.
func (w *World) AppURL() string {
	return strings.Replace(strings.TrimSuffix(w.Host.URL(), "/"), "127.0.0.1", "localhost", 1)
}

// StatusURL is the address of the status page.
func (w *World) StatusURL() string { return w.AppURL() + "/api/status" }

// Consent signs the integration account in through the real pages.
func (w *World) Consent(ctx context.Context) error {
	callback := w.AppURL() + "/api/consent/callback"
	browser := &Browser{Client: w.client, Seen: w.answers.app(w.AppURL()), Prefer: []string{
		"continue", "accept", "approve", "sign-in", "account-" + world.IntegrationUserID,
	}}
	page, err := browser.Walk(ctx, w.AppURL()+"/api/consent", callback)
	if err != nil {
		return err
	}
	if page.Status != http.StatusOK || !strings.HasPrefix(page.URL.String(), callback) {
		return fmt.Errorf("the sign-in ended at %s with HTTP %d: %s", page.URL.Path, page.Status, page.text())
	}
	return nil
}

// Fire runs a timer's function now, as the portal's Run button does, and waits
// for it to succeed.
func (w *World) Fire(ctx context.Context, function string) error {
	if err := w.Host.Invoke(ctx, function, ""); err != nil {
		return fmt.Errorf("running %s: %w", function, err)
	}
	return nil
}

// Status asks the app for its status as JSON.
func (w *World) Status(ctx context.Context) (*Status, error) {
	var s Status
	if err := getJSON(ctx, w.client, w.StatusURL(), &s, w.answers.add); err != nil {
		return nil, err
	}
	return &s, nil
}

// Expected asks the simulator what a sweep must find.
func (w *World) Expected(ctx context.Context) (*Expected, error) {
	var e Expected
	return &e, getJSON(ctx, w.client, w.Sim.ControlURL+"/sim/expected", &e, nil)
}

// VaultVersions counts the versions of all refresh tokens in the vault.
func (w *World) VaultVersions(ctx context.Context) (int, error) {
	var v struct {
		Secrets map[string]int `json:"secrets"`
	}
	if err := getJSON(ctx, w.client, w.Sim.ControlURL+"/sim/vault", &v, nil); err != nil {
		return 0, err
	}
	n := 0
	for name, versions := range v.Secrets {
		if strings.HasPrefix(name, "rt-") {
			n += versions
		}
	}
	return n, nil
}

// HandlerPeakRSSMB is the most memory any handler process has used, in MiB.
func (w *World) HandlerPeakRSSMB() float64 {
	var peak int64
	for _, host := range w.Hosts {
		peak = max(peak, host.HandlerPeakRSS())
	}
	return float64(peak) / (1 << 20)
}

// LastWords are the ends of the logs, for an error a person reads.
func (w *World) LastWords() string {
	return errors.Join(w.logs.tail("handler.log"), w.logs.tail("host.log")).Error()
}
