package handlers

import (
	"net/http"
	"strings"
	"testing"
)

// The registry has no door to the outside: its table is fixed.

func TestRegistryRefuses(t *testing.T) {
	t.Parallel()
	serve := func(http.ResponseWriter, *http.Request) error { return nil }
	for name, row := range map[string]struct {
		routes []Route
		want   string
	}{
		"one function twice":       {[]Route{{Function: "A", Trigger: Queue, serve: serve}, {Function: "a", Trigger: Timer, serve: serve}}, "registered twice"},
		"one address twice":        {[]Route{{Function: "A", Trigger: HTTP, Path: "x", serve: serve}, {Function: "B", Trigger: HTTP, Path: "x", serve: serve}}, "share the address"},
		"a name the host refuses":  {[]Route{{Function: "run customer", serve: serve}}, "not a name"},
		"the host's own name":      {[]Route{{Function: "Host", serve: serve}}, "not a name"},
		"a function without rooms": {[]Route{{Function: "A", Trigger: Timer}}, "no handler"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := newRegistry(row.routes); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error = %v, want one with %q", err, row.want)
			}
		})
	}
}

func TestRegistryFinds(t *testing.T) {
	t.Parallel()
	serve := func(http.ResponseWriter, *http.Request) error { return nil }
	g, err := newRegistry([]Route{{Function: "ConsentStart", Trigger: HTTP, Path: "consent", serve: serve}, {Function: "RunCustomerJob", Trigger: Queue, serve: serve}})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/api/consent": "ConsentStart", "/API/Consent": "ConsentStart", "/api/consent/": "ConsentStart",
		"/RunCustomerJob": "RunCustomerJob", "/runcustomerjob": "", "/RunCustomerJob/": "", "/api/RunCustomerJob": "",
		"/consent": "", "/api/consent/x": "", "/api": "", "": "",
	} {
		got := ""
		if r := g.find(path); r != nil {
			got = r.Function
		}
		if got != want {
			t.Errorf("%s finds %q, want %q", path, got, want)
		}
	}
}
