package script

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// App is a script root as the host sees it.
type App struct {
	Root      string // absolute
	Host      HostFile
	Functions []*Function // by name
	Problems  []Problem   // functions that are not served, by name
}

// Problem is an invalid function.
type Problem struct {
	Function string
	Err      error
}

// Function finds a function by name in any case.
func (a *App) Function(name string) (*Function, bool) {
	for _, f := range a.Functions {
		if strings.EqualFold(f.Name, name) {
			return f, true
		}
	}
	return nil, false
}

// Load reads a script root.
func Load(root string, settings Settings) (*App, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("script root: %w", err)
	}
	raw, err := os.ReadFile(filepath.Join(root, "host.json"))
	if err != nil {
		return nil, fmt.Errorf("script root: %w", err)
	}
	a := &App{Root: root}
	if a.Host, err = ParseHost(raw, root, settings); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(root) // sorted by name
	if err != nil {
		return nil, fmt.Errorf("script root: %w", err)
	}
	for _, entry := range entries {
		if path := filepath.Join(root, entry.Name(), "function.json"); isFile(path) && a.wanted(entry.Name()) {
			a.read(entry.Name(), path, settings)
		}
	}
	a.checkRoutes()
	return a, nil
}

func (a *App) wanted(name string) bool {
	return len(a.Host.AllowList) == 0 || slices.ContainsFunc(a.Host.AllowList, func(allowed string) bool {
		return strings.EqualFold(allowed, name)
	})
}

func (a *App) read(name, path string, settings Settings) {
	raw, err := os.ReadFile(path)
	if err != nil {
		a.reject(name, err)
		return
	}
	f, err := ParseFunction(name, raw, settings)
	if err == nil && a.Host.Bundle == "" && f.usesStorageExtension() {
		err = errors.New("queue bindings need extensionBundle in host.json: the binding type is not registered")
	}
	if err == nil && f.ScriptFile != "" && !isFile(filepath.Join(filepath.Dir(path), f.ScriptFile)) {
		err = fmt.Errorf("scriptFile %q does not exist", f.ScriptFile)
	}
	if err != nil {
		a.reject(name, err)
		return
	}
	a.Functions = append(a.Functions, f)
}

func (a *App) reject(name string, err error) {
	a.Problems = append(a.Problems, Problem{Function: name, Err: err})
}

// checkRoutes rejects the later of two functions with the same route and an
// overlapping method.
func (a *App) checkRoutes() {
	var kept []*Function
	for _, f := range a.Functions {
		i := slices.IndexFunc(kept, func(other *Function) bool { return sameRoute(f, other) })
		if i < 0 {
			kept = append(kept, f)
			continue
		}
		a.reject(f.Name, fmt.Errorf("the route %q conflicts with function %s", f.HTTP.Route, kept[i].Name))
	}
	a.Functions = kept
}

func sameRoute(a, b *Function) bool {
	if a.HTTP == nil || b.HTTP == nil || !a.HTTP.Route.Overlap(b.HTTP.Route) {
		return false
	}
	return len(a.HTTP.Methods) == 0 || len(b.HTTP.Methods) == 0 ||
		slices.ContainsFunc(a.HTTP.Methods, func(m string) bool { return slices.Contains(b.HTTP.Methods, m) })
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
