package config_test

import (
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/internal/config"
)

var update = flag.Bool("update", false, "write the tables of docs/configuration.md and README.md")

const root = "../../"

// TestDocumentation holds the tables of docs/configuration.md (every setting)
// and README.md (those an operator chooses) and the code together, row by row.
func TestDocumentation(t *testing.T) {
	for path, table := range map[string]string{
		root + "docs/configuration.md": settingsTable(),
		root + "README.md":             operatorTable(),
	} {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		const begin, end = "<!-- settings:begin -->\n", "<!-- settings:end -->"
		before, rest, ok := strings.Cut(string(page), begin)
		found, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("%s has no settings block", path)
		}
		if *update {
			if err := os.WriteFile(path, []byte(before+begin+table+end+after), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if found != table {
			t.Errorf("the table of %s is not config.Settings; run: go test ./internal/config -run TestDocumentation -update", path)
		}
	}
}

// TestReadmeNamesRealSettings allows the README a choice of settings, but no
// invented ones.
func TestReadmeNamesRealSettings(t *testing.T) {
	page, err := os.ReadFile(root + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`SAMKEEPER_[A-Z_]*[A-Z]`).FindAllString(string(page), -1) {
		if !slices.ContainsFunc(config.Settings, func(s config.Setting) bool { return strings.HasPrefix(s.Name, name) }) {
			t.Errorf("README.md names %s, which samkeeper does not read", name)
		}
	}
}

// TestSample parses local.settings.sample.json and compares its names.
func TestSample(t *testing.T) {
	raw, err := os.ReadFile(root + "local.settings.sample.json")
	if err != nil {
		t.Fatal(err)
	}
	var sample struct{ Values map[string]string }
	if err := json.Unmarshal(raw, &sample); err != nil {
		t.Fatal(err)
	}
	for _, s := range config.Settings {
		if _, ok := sample.Values[s.Name]; !ok && s.Source == config.Operator {
			t.Errorf("the sample lacks %s", s.Name)
		}
	}
	known := []string{"FUNCTIONS_WORKER_RUNTIME"} // read by the host alone
	for name := range sample.Values {
		if !slices.Contains(known, name) && !slices.ContainsFunc(config.Settings, func(s config.Setting) bool { return s.Name == name }) {
			t.Errorf("the sample has %s, which samkeeper does not read", name)
		}
	}
	c, err := config.ParseTool(func(name string) string { return sample.Values[name] })
	if err != nil {
		t.Fatalf("the sample is not valid: %v", err)
	}
	if !c.Endpoints.Simulated || !slices.Equal(c.AppCredentials, []config.AppCredential{config.ManagedIdentity}) {
		t.Errorf("the sample is not aimed at the simulator without a secret: %+v", c)
	}
}

// operatorTable renders what an operator chooses in Azure; the simulator's
// endpoints are told apart by their meaning and left to docs/configuration.md.
func operatorTable() string {
	var b strings.Builder
	b.WriteString("\n| setting | default | meaning |\n|---|---|---|\n")
	for _, s := range config.Settings {
		if s.Source != config.Operator || strings.Contains(s.Meaning, "of the simulator") || strings.Contains(s.Meaning, "the simulator's") {
			continue
		}
		fallback := ""
		switch {
		case s.Required:
			fallback = "*required*"
		case s.Default != "":
			fallback = "`" + s.Default + "`"
		}
		b.WriteString("| `" + s.Name + "` | " + fallback + " | " + s.Meaning + " |\n")
	}
	b.WriteString("\n")
	return b.String()
}

// settingsTable renders config.Settings as markdown.
func settingsTable() string {
	var b strings.Builder
	b.WriteString("\n| setting | set by | required | default | meaning |\n|---|---|---|---|---|\n")
	for _, s := range config.Settings {
		required, fallback := "", ""
		if s.Required {
			required = "yes"
		}
		if s.Default != "" {
			fallback = "`" + s.Default + "`"
		}
		b.WriteString("| `" + s.Name + "` | " + string(s.Source) + " | " + required + " | " + fallback + " | " + s.Meaning + " |\n")
	}
	b.WriteString("\n")
	return b.String()
}
