package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/samkeeper/samkeeper/sim"
	"github.com/samkeeper/samkeeper/sim/world"
)

// ready is the line printed with --output json.
type ready struct {
	Listening map[string]string `json:"listening"`
	Env       map[string]string `json:"env"`
}

func announce(w io.Writer, f flags, s *sim.Server, env map[string]string) error {
	if f.output == "json" {
		return json.NewEncoder(w).Encode(ready{Listening: s.Listening(), Env: env})
	}
	fmt.Fprintf(w, "Simulated %s cloud, %d customers from seed %d. Everything here is made up.\n\n", s.World.Cloud().Name, f.customers, f.seed)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range [][2]string{
		{"Sign-in (Entra ID)", s.LoginURL}, {"Key Vault", s.VaultURL}, {"Partner Center", s.PartnerCenterURL},
		{"Microsoft Graph", s.GraphURL}, {"Azure Resource Manager", s.ARMURL},
		{"Managed identity", s.IdentityURL}, {"Control", s.ControlURL + "/sim/info"},
	} {
		fmt.Fprintf(table, "  %s\t%s\n", row[0], row[1])
	}
	fmt.Fprintf(table, "  CA certificate\t%s\n", s.CAFile)
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nTo point samkeeper at it, start the handler with these settings")
	if f.envFile != "" {
		fmt.Fprintf(w, " (also in %s):\n  set -a; . %s; set +a\n", f.envFile, f.envFile)
	} else {
		fmt.Fprintln(w, ":")
		for _, name := range slices.Sorted(maps.Keys(env)) {
			fmt.Fprintf(w, "  %s=%s\n", name, env[name])
		}
	}
	_, err := fmt.Fprintf(w, "Then open %s/api/consent and sign in as %s. Stop with Ctrl-C.\n", f.publicURL, world.IntegrationUPN)
	return err
}

// writeEnv writes NAME='value' lines that a shell can read; only the owner can
// read the file.
func writeEnv(path string, env map[string]string) error {
	path, err := prepare(path)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&b, "%s='%s'\n", name, strings.ReplaceAll(env[name], "'", `'\''`))
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	return os.Chmod(path, 0o600) // an older file keeps its mode otherwise
}
