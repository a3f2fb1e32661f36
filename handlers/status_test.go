package handlers_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/handlers"
	"github.com/samkeeper/samkeeper/internal/statuspage"
)

func TestStatusByAccept(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"":                 "text/html; charset=utf-8",
		"*/*":              "text/html; charset=utf-8",
		"application/json": "application/json",
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": "text/html; charset=utf-8",
		"application/json, text/html;q=0.5":                               "application/json",
		"application/json;q=0.4, text/html;q=0.5":                         "text/html; charset=utf-8",
		"application/json;q=zero":                                         "text/html; charset=utf-8",
		";;;":                                                             "text/html; charset=utf-8",
	} {
		h := open(t, nil)
		w := h.ask("GET", "/api/status", nil, "Accept", accept)
		if got := w.Header().Get("Content-Type"); w.Code != http.StatusOK || got != want {
			t.Errorf("Accept %q: %d %s, want %s", accept, w.Code, got, want)
		}
		protected(t, w)
		if want == "application/json" {
			var s statuspage.Status
			if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil || s.Version != "v0.1.0" {
				t.Errorf("JSON: %v, %v", s, err)
			}
		}
	}
}

func TestStatusFails(t *testing.T) {
	t.Parallel()
	h := open(t, func(r *handlers.Rooms) {
		r.Status = func(context.Context) (statuspage.Status, error) {
			return statuspage.Status{}, errors.New("table is away")
		}
	})
	page := h.ask("GET", "/api/status", nil)
	if page.Code != http.StatusInternalServerError || !strings.Contains(page.Body.String(), invocation) || strings.Contains(page.Body.String(), "table is away") || strings.Contains(page.Body.String(), "Nothing was stored") {
		t.Errorf("page: %d %s", page.Code, page.Body)
	}
	asJSON := h.ask("GET", "/api/status", nil, "Accept", "application/json")
	if asJSON.Code != http.StatusInternalServerError || asJSON.Header().Get("Content-Type") != "application/json" {
		t.Errorf("JSON: %d %s", asJSON.Code, asJSON.Body)
	}
	protected(t, page)
	protected(t, asJSON)
}

func TestHealth(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 21, 0, 0, 0, time.UTC)
	asked, broken := 0, false
	h := open(t, func(r *handlers.Rooms) {
		r.Now = func() time.Time { return now }
		r.Probes = []handlers.Probe{
			{Name: "storage", Check: func(context.Context) error { return nil }},
			{Name: "vault", Check: func(context.Context) error {
				if asked++; broken {
					return errors.New("https://contoso.vault.azure.net is away")
				}
				return nil
			}},
		}
	})
	check := func(status int, body string) {
		t.Helper()
		w := h.ask("GET", "/api/health", nil)
		if w.Code != status || w.Body.String() != body {
			t.Errorf("health = %d %s, want %d %s", w.Code, w.Body, status, body)
		}
	}
	const well = `{"status":"ok","version":"v0.1.0","checks":{"configuration":"ok","storage":"ok","vault":"ok","watch":"ok"}}`
	check(http.StatusOK, well)
	broken = true
	check(http.StatusOK, well) // kept for a while
	now = now.Add(31 * time.Second)
	check(http.StatusServiceUnavailable, `{"status":"degraded","version":"v0.1.0","checks":{"configuration":"ok","storage":"ok","vault":"unreachable","watch":"ok"}}`)
	if asked != 2 {
		t.Errorf("the vault was asked %d times", asked)
	}
	if lines := h.lines(t, "dependency does not answer"); len(lines) != 1 || lines[0]["dependency"] != "vault" {
		t.Errorf("log: %v", lines)
	}
}
