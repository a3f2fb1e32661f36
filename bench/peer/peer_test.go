package peer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/samkeeper/samkeeper/bench/peer"
	"github.com/samkeeper/samkeeper/localworld/azurite"
)

// scriptRoot stages the app as make dist does.
func scriptRoot(t *testing.T, root string) string {
	t.Helper()
	dist := t.TempDir()
	if err := os.CopyFS(dist, os.DirFS(filepath.Join(root, "functions"))); err != nil {
		t.Fatal(err)
	}
	hostFile, err := os.ReadFile(filepath.Join(root, "host.json"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dist, "host.json"), hostFile, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dist, "handler"), "./cmd/handler")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the handler: %v\n%s", err, out)
	}
	return dist
}

// A tiny comparison with the real programs: both sides must do all the work,
// with the same requests; nothing is asserted about who is faster.
func TestCompare(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	peerDir := filepath.Join(root, "bench", "peer-node")
	if err := azurite.InstallIn(t.Context(), peerDir, nil); errors.Is(err, azurite.ErrNoNode) {
		t.Skip("the peer needs node and npm:", err)
	} else if err != nil {
		t.Fatal(err)
	}
	report, err := peer.Run(t.Context(), peer.Options{
		ScriptRoot: scriptRoot(t, root), PeerDir: peerDir, WorkDir: t.TempDir(),
		Customers: 20, Seed: 2, Rounds: 1, Starts: 1,
	})
	if errors.Is(err, peer.ErrUnable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	sameVisits(t, report)
	var text bytes.Buffer
	if err := report.Print(&text); err != nil || !bytes.Contains(text.Bytes(), []byte("peak memory")) {
		t.Errorf("%v, printed:\n%s", err, &text)
	}
	if _, err := json.Marshal(report); err != nil {
		t.Error(err)
	}
}

// sameVisits checks that what a customer is asked for is the same on both
// sides; the vault and the identity endpoint are asked once in a while.
func sameVisits(t *testing.T, r *peer.Report) {
	t.Helper()
	reads := 0
	for _, m := range r.Requests {
		if m.Host == "vault" || m.Host == "identity" {
			continue
		}
		if m.Ours != m.Peers {
			t.Errorf("%s %s %s %d: %d and %d requests", m.Host, m.Method, m.Route, m.Status, m.Ours, m.Peers)
		}
		reads += m.Ours
	}
	if reads < 5*r.Jobs {
		t.Errorf("%d requests for %d jobs", reads, r.Jobs)
	}
	for _, l := range r.Lines {
		if l.Ours <= 0 || l.Peers <= 0 || math.IsInf(l.Ratio, 0) {
			t.Errorf("nothing was measured: %+v", l)
		}
	}
}
