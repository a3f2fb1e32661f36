package localworld

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/samkeeper/samkeeper/localworld/leak"
)

// HuntLeaks looks for every secret the simulated cloud has minted in everything
// the app left behind: its output, the host's log, its answers, every table
// row, queue message and blob. It fills the report's figures of the hunt; also
// is shown all that is searched.
func (w *World) HuntLeaks(ctx context.Context, report *Report, also ...func(where string, data []byte)) ([]leak.Hit, error) {
	hunter, err := leak.NewHunter(w.Sim.World.Secrets())
	if err != nil {
		return nil, fmt.Errorf("preparing the hunt for leaks: %w", err)
	}
	report.SecretsHunted = len(w.Sim.World.Secrets())
	var hits []leak.Hit
	search := func(where string, data []byte) {
		report.BytesSearched += int64(len(data))
		hits = append(hits, hunter.Scan(where, data)...)
		if where == "queue customer-jobs-poison" {
			report.Poisoned++
		}
		for _, visit := range also {
			visit(where, data)
		}
	}
	for _, name := range []string{"handler.log", "host.log", "azurite.log"} {
		data, err := os.ReadFile(filepath.Join(w.logs.dir, name))
		if err != nil {
			return nil, fmt.Errorf("reading a log: %w", err)
		}
		search(name, data)
	}
	search("answers of the app", w.answers.bytes())
	if err := Contents(ctx, w.ConnectionString(), search); err != nil {
		return nil, err
	}
	return hits, nil
}
