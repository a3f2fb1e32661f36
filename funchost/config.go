package funchost

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/samkeeper/samkeeper/funchost/queue"
	"github.com/samkeeper/samkeeper/funchost/script"
	"github.com/samkeeper/samkeeper/funchost/worker"
)

// Version is what the host calls itself towards the handler.
const Version = "4.1052.200.0"

// The host's own limits.
const (
	defaultGrace     = 2 * time.Second  // between functionTimeout and the kill
	defaultStopGrace = 10 * time.Second // for running invocations when the host stops
	developmentPoll  = 2 * time.Second  // longest queue polling interval in Development
	initPatience     = 4                // invocations wait so many initialization timeouts
)

// Config describes a host. Only ScriptRoot is required.
type Config struct {
	// ScriptRoot is the staged folder: host.json, the executable, <Name>/function.json.
	ScriptRoot string
	// Env is the host's environment, NAME=value: app settings for resolving
	// and everything the handler inherits. Nil means the program's own.
	Env []string
	// HTTPAddr is the loopback address of the HTTP front; "" is 127.0.0.1:0.
	HTTPAddr string
	// TLSCert and TLSKey (PEM files) make the HTTP front speak https.
	TLSCert, TLSKey string
	// KeyCheck turns the check of function keys on; off is like "func start".
	KeyCheck bool
	Keys     Keys

	// HostID names the host in storage; "" is machine name and script root, as
	// Core Tools does, so hosts of the same folder share their timers.
	HostID string
	// Production keeps maxPollingInterval; otherwise the environment is
	// Development and the interval at most 2 s, as under "func start".
	Production bool

	// QueueLease shortens the 10-minute message lease, for tests.
	QueueLease time.Duration
	// TimeoutGrace is the time between a functionTimeout and the kill; 0 is 2 s.
	TimeoutGrace time.Duration
	// StopGrace is what running invocations get when the host stops; 0 is 10 s.
	StopGrace time.Duration
	// Terminate, not faithful, sends SIGTERM this long before SIGKILL.
	Terminate time.Duration

	// Log gets the host's records, each with a "category". Nil drops them.
	Log *slog.Logger
	// HandlerOutput gets a raw copy of every line the handler prints.
	HandlerOutput io.Writer
	// Observe is told of every finished invocation; it must not block.
	Observe func(Invocation)
	// Now is the clock of timers and metadata; nil is time.Now.
	Now func() time.Time
}

func (c *Config) fillDefaults() error {
	if c.ScriptRoot == "" {
		return errors.New("funchost: the script root is missing")
	}
	if c.Env == nil {
		c.Env = os.Environ()
	}
	if c.HTTPAddr == "" {
		c.HTTPAddr = "127.0.0.1:0"
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("funchost: TLS needs both certificate and key")
	}
	if c.KeyCheck && c.Keys.Master == "" {
		return errors.New("funchost: the key check needs at least a master key")
	}
	if c.TimeoutGrace == 0 {
		c.TimeoutGrace = defaultGrace
	}
	if c.StopGrace == 0 {
		c.StopGrace = defaultStopGrace
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return loopbackOnly(c.HTTPAddr)
}

// workerConfig is the process part of the configuration.
func (h *Host) workerConfig(env []string) worker.Config {
	w := h.app.Host.Worker
	return worker.Config{
		Path: w.Executable, Arguments: w.Arguments, Dir: w.WorkingDirectory, Root: h.app.Root, Env: env, Port: w.Port,
		InitTimeout: w.InitTimeout, StdErrOnlyErrors: w.StdErrOnlyErrors, Terminate: h.cfg.Terminate,
		Log: h.category("Host.Worker"), Console: h.category("Host.Function.Console"), Output: h.cfg.HandlerOutput, Now: h.cfg.Now,
	}
}

// queueConfig is the listener part that all queue functions share.
func (h *Host) queueConfig() queue.Config {
	q := h.app.Host.Queues
	longest := q.MaxPollingInterval
	if !h.cfg.Production {
		longest = developmentPoll // the host sets it after host.json is applied
	}
	return queue.Config{
		BatchSize: q.BatchSize, NewBatchThreshold: q.NewBatchThreshold, MaxDequeueCount: q.MaxDequeueCount,
		MaxPollingInterval: longest, VisibilityTimeout: q.VisibilityTimeout,
		Base64: q.Base64, Lease: h.cfg.QueueLease, Log: h.category("Host.Triggers.Queue"),
	}
}

func (h *Host) category(name string) *slog.Logger {
	return h.cfg.Log.With(slog.String("category", name))
}

// handlerClient talks to the handler: no proxy, no compression of our own.
func handlerClient(follow bool) *http.Client {
	client := &http.Client{Transport: &http.Transport{
		DisableCompression: true, MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute,
	}}
	if !follow {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return client
}

// Load reads a script root without running anything, for checks.
func Load(root string, env []string) (*script.App, error) {
	return script.Load(root, script.NewSettings(env))
}
