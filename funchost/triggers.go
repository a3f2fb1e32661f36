package funchost

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/samkeeper/samkeeper/funchost/queue"
	"github.com/samkeeper/samkeeper/funchost/schedule"
	"github.com/samkeeper/samkeeper/funchost/script"
	"github.com/samkeeper/samkeeper/funchost/timer"
	"github.com/samkeeper/samkeeper/funchost/wire"
)

// prepareTriggers makes the listeners; a missing or unusable storage
// connection is found here.
func (h *Host) prepareTriggers(ctx context.Context) error {
	for _, f := range h.app.Functions {
		if f.Queue == nil || f.Disabled {
			continue
		}
		service, err := h.storage.queueService(f.Queue.Connection)
		if err != nil {
			return fmt.Errorf("function %s: %w", f.Name, err)
		}
		cfg := h.queueConfig()
		cfg.Service, cfg.Queue = service, f.Queue.Name
		cfg.Process = func(_ context.Context, m queue.Message) error {
			return h.runQueue(f, m, "New queue message detected on '"+f.Queue.Name+"'.")
		}
		h.queues = append(h.queues, queue.New(cfg))
	}
	for _, f := range h.app.Functions {
		if f.Timer != nil {
			return h.prepareTimers(ctx)
		}
	}
	return nil
}

// startTriggers begins to listen; disabled functions have no listener.
func (h *Host) startTriggers() {
	for _, q := range h.queues {
		q.Start(h.life)
	}
	for _, cfg := range h.timers {
		h.spawn(func() { timer.Listen(h.listening, h.life, cfg) })
	}
}

// runQueue invokes a queue function with one message.
func (h *Host) runQueue(f *script.Function, m queue.Message, reason string) error {
	return h.run(f, reason, func(ctx context.Context, id string) error {
		data, meta, err := queueData(f, m)
		if err != nil {
			return err
		}
		_, err = h.envelope(ctx, f, id, data, meta)
		return err
	})
}

// queueData encodes a message; only text messages are merged into the metadata.
func queueData(f *script.Function, m queue.Message) (json.RawMessage, *wire.Metadata, error) {
	meta := &wire.Metadata{}
	meta.Number("DequeueCount", m.DequeueCount)
	meta.Date("ExpirationTime", m.Expires)
	meta.Text("Id", m.ID)
	meta.Date("InsertionTime", m.Inserted)
	meta.Date("NextVisibleTime", m.NextVisible)
	meta.Text("PopReceipt", m.PopReceipt)
	if f.Trigger.DataType == script.DataBinary || f.Trigger.DataType == script.DataStream {
		return wire.Bytes(m.Body), meta, nil
	}
	if !utf8.Valid(m.Body) {
		return nil, nil, errors.New("the message is not valid UTF-8 and cannot be bound as string")
	}
	meta.MergeJSON(m.Body)
	return wire.Text(string(m.Body)), meta, nil
}

// prepareTimers makes the timers' listeners over the host's container.
func (h *Host) prepareTimers(ctx context.Context) error {
	hosts, err := h.storage.hosts(ctx)
	if err != nil {
		return fmt.Errorf("timers need storage: %w", err)
	}
	for _, f := range h.app.Functions {
		if f.Timer == nil {
			continue
		}
		lock, err := timer.NewLock(hosts, h.hostID(), f.Name)
		if err != nil {
			return err
		}
		cfg := timer.Config{
			Function: f.Name, Schedule: f.Timer.Schedule, RunOnStartup: f.Timer.RunOnStartup, Lock: lock,
			Fire: func(_ context.Context, run timer.Run) { _ = h.runTimer(f, run) },
			Now:  h.cfg.Now, Log: h.category("Host.Triggers.Timer"),
		}
		if f.Timer.Monitor {
			store := timer.NewBlobStatus(hosts, h.hostID(), f.Name)
			cfg.Store = store
			h.statuses[f.Name] = store
		}
		if !f.Disabled {
			h.timers = append(h.timers, cfg)
		}
	}
	return nil
}

// runTimer invokes a timer function; its failure ends in the log and in counts.
func (h *Host) runTimer(f *script.Function, run timer.Run) error {
	return h.run(f, run.Reason, func(ctx context.Context, id string) error {
		_, err := h.envelope(ctx, f, id, timerData(f, run), &wire.Metadata{})
		return err
	})
}

func timerData(f *script.Function, run timer.Run) json.RawMessage {
	type scheduleInfo struct{ AdjustForDST bool }
	return wire.Object(struct {
		Schedule       scheduleInfo
		ScheduleStatus *schedule.Status
		IsPastDue      bool
	}{scheduleInfo{f.Timer.Schedule.AdjustForDST()}, run.Status, run.PastDue})
}

// hostID is the configured id, the setting AzureFunctionsWebHost__hostid, or
// what Core Tools makes of machine and folder.
func (h *Host) hostID() string {
	if h.cfg.HostID != "" {
		return h.cfg.HostID
	}
	if id, ok := h.settings.Get("AzureFunctionsWebHost__hostid"); ok && id != "" {
		return id
	}
	machine, err := os.Hostname()
	if err != nil || machine == "" {
		machine = "local"
	}
	sum := sha256.Sum256([]byte(h.app.Root))
	const longest = 32
	name := strings.ToLower(machine)
	return name[:min(len(name), longest-9)] + "-" + hex.EncodeToString(sum[:4])
}
