package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/lease"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/telemetry"
	"github.com/samkeeper/samkeeper/internal/vault"
)

const conn = sam.ConnectionID("11111111-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333333")

var errAway = errors.New("vault is away")

// rows is a ledger with one connection, brokenVault and locks what rotation
// meets; methods that are not given are not called.
type rows struct {
	rotation.Ledger
	all []ledger.Connection
}

func (r rows) Connections(context.Context) ([]ledger.Connection, error) { return r.all, nil }
func (r rows) Connection(context.Context, sam.ConnectionID) (ledger.Connection, error) {
	return r.all[0], nil
}
func (r rows) PutConnection(context.Context, ledger.Connection) error { return nil }
func (r rows) Record(context.Context, ledger.Audit) error             { return nil }

type brokenVault struct {
	rotation.Vault
	list error
}

func (v brokenVault) Connections(context.Context) ([]sam.ConnectionID, error) { return nil, v.list }
func (v brokenVault) Current(context.Context, sam.ConnectionID) (vault.Version, error) {
	return vault.Version{}, errAway
}

type locks struct{ held bool }

func (l locks) Acquire(context.Context, string, time.Duration) (rotation.Lease, error) {
	if l.held {
		return nil, lease.ErrHeld
	}
	return l, nil
}
func (locks) Renew(context.Context) error   { return nil }
func (locks) Release(context.Context) error { return nil }

// TestRotationFailuresReachTheHost: whatever fails must fail the invocation,
// and what is somebody else's work must not.
func TestRotationFailuresReachTheHost(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		vault brokenVault
		held  bool
		want  error
		state string
	}{
		"a connection fails":      {brokenVault{}, false, errAway, `"state":"failed"`},
		"a list cannot be read":   {brokenVault{list: errAway}, true, errAway, `"state":"held"`},
		"another process is busy": {brokenVault{}, true, nil, `"state":"held"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			log := telemetry.New(&out, slog.LevelInfo)
			work := rotate(rotation.New(rotation.Deps{Vault: row.vault, Ledger: rows{all: []ledger.Connection{{ID: conn}}}, Locks: locks{row.held}}), log)
			attrs, err := work(t.Context())
			if !errors.Is(err, row.want) || (row.want == nil) != (err == nil) {
				t.Errorf("error = %v, want %v", err, row.want)
			}
			if len(attrs) == 0 || attrs[0].Value.Int64() != 1 || !strings.Contains(out.String(), row.state) {
				t.Errorf("attributes %v, log %s", attrs, &out)
			}
		})
	}
}

func TestRaisedConnectionIsAnErrorLine(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	raise := raiser(telemetry.New(&out, slog.LevelInfo))
	if err := raise(t.Context(), ledger.Connection{ID: conn, Problem: &ledger.ConnectionProblem{Class: sam.ClassReconsent, Fix: "Consent again."}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"level":"ERROR"`, `"class":"reconsent"`, `"fix":"Consent again."`, string(conn)} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("line lacks %s: %s", want, &out)
		}
	}
}

func TestUnknownCodeIsAnErrorLineWithItsTraceID(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	unknownCode(telemetry.New(&out, slog.LevelInfo))(&sam.Problem{Code: "AADSTS7999999", RequestID: "trace-1", Class: sam.ClassCustomer, Tenant: "c0000000-0000-4000-8000-000000000001"})
	for _, want := range []string{`"level":"ERROR"`, `"code":"AADSTS7999999"`, `"request_id":"trace-1"`, "c0000000-0000-4000-8000-000000000001"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("line lacks %s: %s", want, &out)
		}
	}
}
