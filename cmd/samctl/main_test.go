package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"samctl": func() { os.Exit(run(context.Background(), os.Args[1:], os.Getenv, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs the sessions in testdata. $HEALTHY and $BROKEN are apps,
// $KEY opens both.
func TestScripts(t *testing.T) {
	t.Parallel()
	healthy, broken := app(t, "testdata/healthy.json", http.StatusOK), app(t, "testdata/broken.json", http.StatusServiceUnavailable)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HEALTHY", healthy)
			env.Setenv("BROKEN", broken)
			env.Setenv("KEY", "a-function-key")
			return nil
		},
	})
}

// app answers as the deployed app does, with a recorded status.
func app(t *testing.T, file string, health int) string {
	t.Helper()
	status, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/status", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("x-functions-key") != "a-function-key" || r.URL.RawQuery != "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write(status)
	})
	mux.HandleFunc("GET /api/health", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(health)
		_, _ = w.Write([]byte(`{"live":true}`))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}
