package simtest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/sim/arm"
	"github.com/samkeeper/samkeeper/sim/bearer"
	"github.com/samkeeper/samkeeper/sim/entra"
	"github.com/samkeeper/samkeeper/sim/graph"
	"github.com/samkeeper/samkeeper/sim/keys"
	"github.com/samkeeper/samkeeper/sim/limits"
	"github.com/samkeeper/samkeeper/sim/partnercenter"
	"github.com/samkeeper/samkeeper/sim/record"
	"github.com/samkeeper/samkeeper/sim/world"
)

// Fleet is an Inside with the services that know of customers (Partner Center,
// Graph, ARM) and with a request log, so that whole sweeps run without a
// network: on a virtual clock they take no longer than their CPU time.
type Fleet struct {
	*Inside
	Recorder *record.Recorder
	Limits   limits.Services
}

// NewFleet makes the cloud of the world w, which must be the public one.
func NewFleet(tb testing.TB, w *world.World) *Fleet {
	tb.Helper()
	ring, err := keys.NewShared()
	if err != nil {
		tb.Fatalf("make the simulator: %v", err)
	}
	verifier := bearer.New(ring, w)
	f := &Fleet{Inside: NewInside(tb, w), Recorder: record.New(w.Now), Limits: limits.Services{
		Login: entra.New(w, ring), PartnerCenter: partnercenter.New(w, verifier), Graph: graph.New(w, verifier), ARM: arm.New(w, verifier),
	}}
	cloud := w.Cloud()
	for base, h := range map[string]struct {
		name    string
		handler http.Handler
	}{
		cloud.Login:         {"login", f.Limits.Login},
		cloud.PartnerCenter: {"partnercenter", f.Limits.PartnerCenter},
		cloud.Graph:         {"graph", f.Limits.Graph},
		cloud.ARM:           {"arm", f.Limits.ARM},
	} {
		f.hosts[strings.TrimPrefix(base, "https://")] = f.Recorder.Wrap(h.name, f.Faults.Wrap(h.name, h.handler))
	}
	return f
}
