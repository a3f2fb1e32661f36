package script_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/funchost/script"
)

const hostJSON = `{"version":"2.0","CustomHandler":{"Description":{"defaultExecutablePath":"handler","arguments":["a b","%NOPE%c"]}},
 "extensionBundle":{"id":"Microsoft.Azure.Functions.ExtensionBundle","version":"[4.0.0, 5.0.0)"}}`

// stage writes a script root; file names are relative to it.
func stage(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestLoadReadsImmediateFoldersInNameOrder(t *testing.T) {
	t.Parallel()
	const timer = `{"bindings":[{"name":"tick","type":"timerTrigger","direction":"in","schedule":"%WHEN%","runOnStartup":true}]}`
	root := stage(t, map[string]string{
		"host.json":                 hostJSON,
		"Zeta/function.json":        timer,
		"Alpha/function.json":       `{"bindings":[{"name":"msg","type":"queueTrigger","direction":"in","queueName":"%Q%","dataType":"binary"}]}`,
		"deep/Hidden/function.json": timer,
		"no-function/readme.txt":    "",
		"1bad/function.json":        timer,
		"host/function.json":        timer,
	})
	app, err := script.Load(root, script.NewSettings([]string{"when=0 0 * * * *", "q=customer-jobs", "AzureWebJobs_Zeta_Disabled=true"}))
	if err != nil {
		t.Fatal(err)
	}
	var names, bad []string
	for _, f := range app.Functions {
		names = append(names, f.Name)
	}
	for _, p := range app.Problems {
		bad = append(bad, p.Function)
	}
	if !slices.Equal(names, []string{"Alpha", "Zeta"}) || !slices.Equal(bad, []string{"1bad", "host"}) {
		t.Errorf("functions %v, problems %v", names, bad)
	}
	if f, _ := app.Function("alpha"); f.Queue.Name != "customer-jobs" || f.Queue.Connection != "AzureWebJobsStorage" || f.Disabled {
		t.Errorf("Alpha is %+v", f)
	}
	if f, _ := app.Function("Zeta"); !f.Disabled || !f.Timer.RunOnStartup || !f.Timer.Monitor {
		t.Errorf("Zeta is %+v", f)
	}
	if got := app.Host.Worker.Arguments; got != "a b c" {
		t.Errorf("arguments %q", got)
	}
}

func TestHostDefaultsAndOverrides(t *testing.T) {
	t.Parallel()
	root := stage(t, map[string]string{"host.json": hostJSON})
	app, err := script.Load(root, script.NewSettings([]string{
		"AzureFunctionsJobHost__extensions__queues__batchSize=2", "AzureFunctionsJobHost__functionTimeout=-1",
		"AzureFunctionsJobHost__functions__0=Only", "AzureFunctionsJobHost__extensions__http__routePrefix=",
	}))
	if err != nil {
		t.Fatal(err)
	}
	q := app.Host.Queues
	if q.BatchSize != 2 || q.MaxDequeueCount != 5 || q.MaxPollingInterval != time.Minute || !q.Base64 || q.VisibilityTimeout != 0 {
		t.Errorf("queues %+v", q)
	}
	if app.Host.FunctionTimeout != 0 || app.Host.RoutePrefix != "" || !slices.Equal(app.Host.AllowList, []string{"Only"}) {
		t.Errorf("host %+v", app.Host)
	}
	if w := app.Host.Worker; w.InitTimeout != 30*time.Second || !w.StdErrOnlyErrors || w.Forward || w.WorkingDirectory != root || w.Executable != "handler" {
		t.Errorf("worker %+v", w)
	}
}

func TestLoadRefusesHostJSON(t *testing.T) {
	t.Parallel()
	const description = `"customHandler":{"description":{"defaultExecutablePath":"handler"}}`
	for _, tc := range []struct{ name, host, want string }{
		{"not JSON", `{`, "unexpected EOF"},
		{"no version", `{` + description + `}`, "version"},
		{"no handler", `{"version":"2.0"}`, "not a custom handler"},
		{"no executable", `{"version":"2.0","customHandler":{"description":{"workingDirectory":"x"}}}`, "defaultExecutablePath: missing"},
		{"every fault at once", `{"version":"2.0",` + description + `,"functionTimeout":"soon","extensions":{"queues":{"batchSize":33}}}`, "batchSize"},
		{"retry", `{"version":"2.0",` + description + `,"retry":{"strategy":"fixedDelay"}}`, "retry is not supported"},
		{"proxying", `{"version":"2.0","customHandler":{"enableProxyingHttpRequest":true,"description":{"defaultExecutablePath":"h"}}}`, "not supported by this host"},
		{"bundle range", `{"version":"2.0",` + description + `,"extensionBundle":{"id":"x","version":"4"}}`, "version range"},
		{"timeout below a second", `{"version":"2.0",` + description + `,"functionTimeout":"00:00:00.5"}`, "less than"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := script.Load(stage(t, map[string]string{"host.json": tc.host}), script.Settings{})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %v, want %q in it", err, tc.want)
			}
		})
	}
}

func TestParseFunctionRefuses(t *testing.T) {
	t.Parallel()
	const trigger = `{"name":"req","type":"httpTrigger","direction":"in"}`
	for _, tc := range []struct{ name, file, want string }{
		{"no bindings", `{"bindings":[]}`, "at least one binding"},
		{"no trigger", `{"bindings":[{"name":"res","type":"http","direction":"out"}]}`, "0 trigger"},
		{"two triggers", `{"bindings":[` + trigger + `,{"name":"t","type":"timerTrigger","direction":"in","schedule":"* * * * *"}]}`, "2 trigger"},
		{"unknown type", `{"bindings":[{"name":"b","type":"blobTrigger","direction":"in"}]}`, "not registered"},
		{"bad name", `{"bindings":[{"name":"a-b","type":"httpTrigger","direction":"in"}]}`, "letter followed"},
		{"same name in other case", `{"bindings":[` + trigger + `,{"name":"REQ","type":"http","direction":"out"}]}`, "twice"},
		{"$return in", `{"bindings":[{"name":"$return","type":"httpTrigger","direction":"in"}]}`, "$return"},
		{"direction", `{"bindings":[{"name":"req","type":"httpTrigger","direction":"out"}]}`, "direction in"},
		{"unset setting", `{"bindings":[{"name":"m","type":"queueTrigger","direction":"in","queueName":"%NOPE%"}]}`, "'%NOPE%' does not resolve to a value"},
		{"queue name", `{"bindings":[{"name":"m","type":"queueTrigger","direction":"in","queueName":"No_Good"}]}`, "queue name"},
		{"schedule", `{"bindings":[{"name":"t","type":"timerTrigger","direction":"in","schedule":"often"}]}`, "often"},
		{"method", `{"bindings":[{"name":"req","type":"httpTrigger","direction":"in","methods":["brew"]}]}`, "brew"},
		{"level", `{"bindings":[{"name":"req","type":"httpTrigger","direction":"in","authLevel":"system"}]}`, "authLevel"},
		{"reserved route", `{"bindings":[{"name":"req","type":"httpTrigger","direction":"in","route":"admin/x"}]}`, "admin"},
		{"retry", `{"bindings":[` + trigger + `],"retry":{}}`, "retry"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := script.ParseFunction("F", []byte(tc.file), script.Settings{})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %v, want %q in it", err, tc.want)
			}
		})
	}
}

func TestProblemsAcrossFunctions(t *testing.T) {
	t.Parallel()
	route := func(r, methods string) string {
		return `{"bindings":[{"name":"req","type":"httpTrigger","direction":"in","route":"` + r + `","methods":[` + methods + `]},{"name":"res","type":"http","direction":"out"}]}`
	}
	app, err := script.Load(stage(t, map[string]string{
		"host.json":       `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}}}`,
		"A/function.json": route("x/{id}", `"get"`), "B/function.json": route("X/{other}", `"post","get"`), "C/function.json": route("x/{id}", `"put"`),
		"D/function.json": `{"bindings":[{"name":"m","type":"queueTrigger","direction":"in","queueName":"jobs"}]}`,
		"E/function.json": `{"scriptFile":"gone.py","bindings":[{"name":"t","type":"timerTrigger","direction":"in","schedule":"* * * * *"}]}`,
	}), script.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	var problems []string
	for _, p := range app.Problems {
		problems = append(problems, p.Function+": "+p.Err.Error())
	}
	text := strings.Join(problems, "\n")
	for _, want := range []string{"B: the route", "D: queue bindings need extensionBundle", "E: scriptFile"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if len(app.Functions) != 2 {
		t.Errorf("%d functions are served, want A and C", len(app.Functions))
	}
}

func FuzzParseFunction(f *testing.F) {
	f.Add([]byte(`{"bindings":[{"name":"req","type":"httpTrigger","direction":"in","route":"a/{b:int}","methods":["get"]},{"name":"res","type":"http","direction":"out"}]}`))
	f.Add([]byte(`{"bindings":[{"name":"t","type":"timerTrigger","direction":"in","schedule":"%S%","useMonitor":"false"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		fn, err := script.ParseFunction("F", raw, script.NewSettings([]string{"S=0 * * * * *"}))
		if err != nil {
			return
		}
		set := 0
		for _, has := range []bool{fn.HTTP != nil, fn.Queue != nil, fn.Timer != nil} {
			if has {
				set++
			}
		}
		if set != 1 {
			t.Errorf("%d triggers in an accepted function", set)
		}
	})
}

func FuzzHostFile(f *testing.F) {
	f.Add([]byte(hostJSON))
	f.Add([]byte(`{"version":"2.0","functions":["A"],"extensions":{"queues":{"visibilityTimeout":"1.00:00:30"}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := script.ParseHost(raw, "/", script.Settings{})
		if err == nil && (h.Queues.BatchSize < 1 || h.Queues.BatchSize > 32 || h.Worker.Executable == "") {
			t.Errorf("accepted %+v", h)
		}
	})
}
