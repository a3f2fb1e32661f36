package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/samkeeper/samkeeper/funchost"
	"github.com/samkeeper/samkeeper/funchost/script"
)

// row is one function in the list.
type row struct {
	Name      string   `json:"name"`
	Trigger   string   `json:"trigger"` // http, timer or queue
	Methods   []string `json:"methods,omitempty"`
	Route     string   `json:"route,omitempty"` // with prefix and leading slash
	AuthLevel string   `json:"authLevel,omitempty"`
	Schedule  string   `json:"schedule,omitempty"`
	Queue     string   `json:"queue,omitempty"`
	Mode      string   `json:"mode"` // forwarding or envelope
	Disabled  bool     `json:"disabled"`
}

// report is the JSON form of the list.
type report struct {
	ScriptRoot string    `json:"scriptRoot"`
	Functions  []row     `json:"functions"`
	Problems   []problem `json:"problems"`
}

type problem struct {
	Function string `json:"function"`
	Error    string `json:"error"`
}

func rows(app *script.App) []row {
	out := make([]row, 0, len(app.Functions))
	for _, f := range app.Functions {
		r := row{Name: f.Name, Disabled: f.Disabled, Mode: "envelope"}
		switch {
		case f.HTTP != nil:
			r.Trigger, r.Methods, r.AuthLevel = "http", f.HTTP.Methods, f.HTTP.AuthLevel
			r.Route = strings.TrimSuffix("/"+strings.TrimPrefix(app.Host.RoutePrefix+"/"+f.HTTP.Route.String(), "/"), "/")
			if app.Host.Worker.Forward && f.Raw() {
				r.Mode = "forwarding"
			}
		case f.Timer != nil:
			r.Trigger, r.Schedule = "timer", f.Timer.Expression
		default:
			r.Trigger, r.Queue = "queue", f.Queue.Name
		}
		out = append(out, r)
	}
	return out
}

// target is what fires the function; base is put before routes.
func (r row) target(base string) string {
	switch r.Trigger {
	case "http":
		methods := strings.Join(r.Methods, ",")
		if methods == "" {
			methods = "any method"
		}
		return methods + " " + base + r.Route + " (" + r.AuthLevel + ")"
	case "timer":
		return r.Schedule
	}
	return r.Queue
}

// check lists the functions of a script root and judges them.
func check(out io.Writer, root string, env []string, form string) error {
	app, err := funchost.Load(root, env)
	if err != nil {
		return err
	}
	switch form {
	case "json":
		err = printJSON(out, app)
	case "table":
		err = printTable(out, app)
	default:
		err = fmt.Errorf("--output %q is neither table nor json", form)
	}
	return errors.Join(err, verdict(app))
}

// verdict is the reason to fail, nil when the folder can be published.
func verdict(app *script.App) error {
	var faults []error
	for _, p := range app.Problems {
		faults = append(faults, fmt.Errorf("function %s is invalid: %w", p.Function, p.Err))
	}
	if len(app.Functions) == 0 {
		faults = append(faults, fmt.Errorf("no valid function in %s: functions are immediate sub-folders with a function.json", app.Root))
	}
	if path := app.Host.Worker.Executable; filepath.IsAbs(path) {
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 == 0 {
			faults = append(faults, fmt.Errorf("%s is not executable", path))
		}
	} else {
		faults = append(faults, fmt.Errorf("the executable %q is not in %s", path, app.Root))
	}
	return errors.Join(faults...)
}

func printTable(out io.Writer, app *script.App) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "FUNCTION\tTRIGGER\tROUTE, SCHEDULE OR QUEUE\tMODE\tSTATE")
	for _, r := range rows(app) {
		state := "enabled"
		if r.Disabled {
			state = "disabled"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.Name, r.Trigger, r.target(""), r.Mode, state)
	}
	return table.Flush()
}

func printJSON(out io.Writer, app *script.App) error {
	r := report{ScriptRoot: app.Root, Functions: rows(app), Problems: []problem{}}
	for _, p := range app.Problems {
		r.Problems = append(r.Problems, problem{p.Function, p.Err.Error()})
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}
