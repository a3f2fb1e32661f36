package handlers_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/robfig/cron/v3"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/samkeeper/samkeeper/handlers"
)

const (
	projectRoot = "../"
	schemas     = "../../shared/fixtures/schemas/"
)

// binding is one row of a function.json.
type binding struct {
	Name, Type, Direction, DataType string
	AuthLevel, Route                string
	Methods                         []string
	QueueName, Connection, Schedule string
	RunOnStartup, UseMonitor        *bool
}

// TestFoldersAndRoutesAgree compares every function.json with the table.
func TestFoldersAndRoutesAgree(t *testing.T) {
	t.Parallel()
	folders := folderNames(t)
	var names []string
	for _, route := range handlers.Routes() {
		names = append(names, route.Function)
	}
	slices.Sort(names)
	if diff := cmp.Diff(names, folders); diff != "" {
		t.Fatalf("functions (-routes.go +folders):\n%s", diff)
	}
	for _, route := range handlers.Routes() {
		t.Run(route.Function, func(t *testing.T) {
			t.Parallel()
			var file struct{ Bindings []binding }
			readJSON(t, filepath.Join(projectRoot, "functions", route.Function, "function.json"), &file)
			if len(file.Bindings) == 0 {
				t.Fatal("no binding")
			}
			first := file.Bindings[0]
			if first.Type != string(route.Trigger) || first.Name != route.Binding || first.Direction != "in" {
				t.Errorf("first binding is %s %s %s, the route says %s %s in", first.Type, first.Name, first.Direction, route.Trigger, route.Binding)
			}
			switch route.Trigger {
			case handlers.HTTP:
				checkHTTP(t, route, file.Bindings)
			case handlers.Queue:
				checkQueue(t, route, file.Bindings)
			case handlers.Timer:
				checkTimer(t, file.Bindings)
			}
		})
	}
}

// checkHTTP: anything but one trigger and one http output would not be forwarded.
func checkHTTP(t *testing.T, route handlers.Route, bindings []binding) {
	t.Helper()
	if len(bindings) != 2 || bindings[1].Type != "http" || bindings[1].Name != "res" || bindings[1].Direction != "out" {
		t.Errorf("bindings %+v; forwarding needs exactly the trigger and one http output named res", bindings)
	}
	methods := make([]string, len(bindings[0].Methods))
	for i, m := range bindings[0].Methods {
		methods[i] = strings.ToUpper(m)
	}
	if bindings[0].Route != route.Path || !slices.Equal(methods, route.Methods) {
		t.Errorf("route %q %v, the table says %q %v", bindings[0].Route, methods, route.Path, route.Methods)
	}
	want := map[string]string{"ConsentStart": "function", "ConsentCallback": "anonymous", "Status": "function", "Health": "anonymous"}
	if bindings[0].AuthLevel != want[route.Function] {
		t.Errorf("authLevel %q, want %q", bindings[0].AuthLevel, want[route.Function])
	}
}

func checkQueue(t *testing.T, route handlers.Route, bindings []binding) {
	t.Helper()
	b := bindings[0]
	if len(bindings) != 1 || b.DataType != "binary" || b.QueueName != route.Source || b.Connection != "AzureWebJobsStorage" {
		t.Errorf("bindings %+v; want one, binary, on queue %s of AzureWebJobsStorage", bindings, route.Source)
	}
}

func checkTimer(t *testing.T, bindings []binding) {
	t.Helper()
	b := bindings[0]
	if len(bindings) != 1 || b.RunOnStartup == nil || *b.RunOnStartup || b.UseMonitor == nil || !*b.UseMonitor {
		t.Errorf("bindings %+v; want one, monitored, not run on startup", bindings)
	}
	parser := cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	if _, err := parser.Parse(b.Schedule); err != nil {
		t.Errorf("schedule %q: %v", b.Schedule, err)
	}
}

// TestHostLimits holds host.json and the package comment together.
func TestHostLimits(t *testing.T) {
	t.Parallel()
	var host struct {
		FunctionTimeout string
		Retry           any
		CustomHandler   struct {
			Description                 struct{ DefaultExecutablePath string }
			EnableForwardingHTTPRequest bool `json:"enableForwardingHttpRequest"`
		}
		ExtensionBundle struct{ Version string }
		Extensions      struct {
			HTTP   struct{ RoutePrefix string }
			Queues struct {
				BatchSize, NewBatchThreshold, MaxDequeueCount int
				VisibilityTimeout                             string
			}
		}
	}
	readJSON(t, projectRoot+"host.json", &host)
	timeout, err := time.Parse("15:04:05", host.FunctionTimeout)
	if err != nil {
		t.Fatal(err)
	}
	limit := time.Duration(timeout.Hour())*time.Hour + time.Duration(timeout.Minute())*time.Minute
	if handlers.Deadline >= limit || limit-handlers.Deadline < 30*time.Second {
		t.Errorf("our deadline %v leaves too little before functionTimeout %v kills the process", handlers.Deadline, limit)
	}
	if host.CustomHandler.Description.DefaultExecutablePath != "handler" || !host.CustomHandler.EnableForwardingHTTPRequest {
		t.Errorf("custom handler: %+v", host.CustomHandler)
	}
	if host.Retry != nil {
		t.Error("a retry block multiplies with the queue's own attempts")
	}
	if host.Extensions.HTTP.RoutePrefix != "api" || host.ExtensionBundle.Version != "[4.0.0, 5.0.0)" {
		t.Errorf("prefix %q, bundle %q", host.Extensions.HTTP.RoutePrefix, host.ExtensionBundle.Version)
	}
	if q := host.Extensions.Queues; q.BatchSize != 16 || q.NewBatchThreshold != 8 || q.MaxDequeueCount != 5 || q.VisibilityTimeout != "00:01:00" {
		t.Errorf("queue limits %+v are not those explained in doc.go", q)
	}
}

// TestSchemas validates what the host and its tools read.
func TestSchemas(t *testing.T) {
	t.Parallel()
	files := map[string][]string{
		"host.schemastore.json":           {"host.json"},
		"local.settings.schemastore.json": {"local.settings.sample.json"},
		"function.schemastore.json":       nil,
		"function.functions-host.json":    nil,
	}
	for _, name := range folderNames(t) {
		path := filepath.Join("functions", name, "function.json")
		files["function.schemastore.json"] = append(files["function.schemastore.json"], path)
		files["function.functions-host.json"] = append(files["function.functions-host.json"], path)
	}
	for schema, paths := range files {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			if _, err := os.Stat(schemas + schema); err != nil {
				t.Skip("the published schema is not here: ", err)
			}
			compiled := compile(t, schemas+schema)
			for _, path := range paths {
				if err := compiled.Validate(document(t, projectRoot+path)); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			}
			if err := compiled.Validate([]any{"no object"}); err == nil {
				t.Error("the schema accepts anything, so it proves nothing")
			}
		})
	}
}

func compile(t *testing.T, path string) *jsonschema.Schema {
	t.Helper()
	doc := document(t, path)
	// The current function.json schema declares draft-04 and uses "const" of
	// draft-06. Editors honour it; read strictly, its SQL binding would match
	// every binding and oneOf would fail for all.
	if fields, ok := doc.(map[string]any); ok && path == schemas+"function.schemastore.json" {
		fields["$schema"] = "http://json-schema.org/draft-07/schema#"
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(path, doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func document(t *testing.T, path string) any {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return doc
}

// TestNoSecretsInTheSample looks for what a real key or token looks like.
func TestNoSecretsInTheSample(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(projectRoot + "local.settings.sample.json")
	if err != nil {
		t.Fatal(err)
	}
	if found := regexp.MustCompile(`AccountKey=|eyJ[A-Za-z0-9_-]{10}|[A-Za-z0-9+/]{40,}|~[A-Za-z0-9]`).Find(raw); found != nil {
		t.Errorf("the sample holds what looks like a secret: %s", found)
	}
}

func folderNames(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(projectRoot + "functions")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
