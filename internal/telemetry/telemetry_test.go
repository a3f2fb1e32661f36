package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/telemetry"
)

// Forms of the real things, with invented contents.
const (
	jwt     = "eyJhbGciOiJSUzI1NiJ9.eyJ0aWQiOiJ4In0.c2lnbmF0dXJl"
	refresh = "1.AXkAEREREREREREREREREREREREREREREREREREREABC_-xyz.AgABAwEA"
	code    = "0.AXkAEREREREREREREREREREREREREREREREREREREABC"
)

func TestLineCarriesTheInvocation(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.New(&out, slog.LevelInfo)
	ctx := telemetry.WithInvocation(context.Background(), telemetry.Invocation{ID: "0f8e", Function: "Status"})
	log.With(slog.String("customer_id", "c1")).InfoContext(ctx, "customer visited", slog.Int("tries", 2))
	log.DebugContext(ctx, "not shown")
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%q is not one JSON line: %v", out.String(), err)
	}
	for key, want := range map[string]any{"invocation_id": "0f8e", "function": "Status", "customer_id": "c1", "tries": 2.0, "level": "INFO", "msg": "customer visited"} {
		if line[key] != want {
			t.Errorf("%s = %v, want %v", key, line[key], want)
		}
	}
}

func TestNothingAddedWithoutInvocation(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	telemetry.New(&out, slog.LevelInfo).Info("started")
	if strings.Contains(out.String(), "invocation_id") {
		t.Errorf("line = %s", out.String())
	}
}

type shouting struct{ s string }

func (s shouting) String() string { return s.s }

func TestSecretsAreCutOut(t *testing.T) {
	t.Parallel()
	for name, log := range map[string]func(*slog.Logger){
		"token in the message":     func(l *slog.Logger) { l.Info("answer was " + jwt + " indeed") },
		"refresh token in a value": func(l *slog.Logger) { l.Info("x", slog.Any("value", "got "+refresh)) },
		"code in an error":         func(l *slog.Logger) { l.Info("x", slog.Any("err", fmt.Errorf("redeem: %w", errors.New("bad "+code)))) },
		"form body":                func(l *slog.Logger) { l.Info("x", slog.Any("body", "a=1&client_secret="+jwt[40:]+"&b=2")) },
		"query of an address": func(l *slog.Logger) {
			l.Info("x", slog.Any("url", "https://h/api/consent/callback?code="+jwt[40:]+"&x=1"))
		},
		"by name":                  func(l *slog.Logger) { l.Info("x", slog.Any("refresh_token", jwt[40:])) },
		"by name, as a header":     func(l *slog.Logger) { l.Info("x", slog.Any("X-Functions-Key", jwt[40:])) },
		"by name, with the logger": func(l *slog.Logger) { l.With(slog.String("client_assertion", jwt[40:])).Info("x") },
		"by name, within a group": func(l *slog.Logger) {
			l.WithGroup("g").Info("x", slog.Group("h", slog.String("Authorization", jwt[40:])))
		},
		"values of a form": func(l *slog.Logger) { l.Info("x", slog.Any("form", url.Values{"code": {code}})) },
		"headers": func(l *slog.Logger) {
			l.Info("x", slog.Any("headers", http.Header{"Authorization": {"Bearer " + jwt[40:]}}))
		},
		"a stringer":                func(l *slog.Logger) { l.Info("x", slog.Any("v", shouting{refresh})) },
		"a struct":                  func(l *slog.Logger) { l.Info("x", slog.Any("v", struct{ T string }{refresh})) },
		"a storage key":             func(l *slog.Logger) { l.Info("x", slog.Any("v", "AccountName=a;AccountKey="+jwt[40:]+";x=y")) },
		"a sam.Secret (first net)":  func(l *slog.Logger) { l.Info("x", slog.Any("value", sam.NewSecret(refresh))) },
		"a struct with sam.Secrets": func(l *slog.Logger) { l.Info("x", slog.Any("v", struct{ T sam.Secret }{sam.NewSecret(refresh)})) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			log(telemetry.New(&out, slog.LevelInfo))
			line := out.String()
			for _, secret := range []string{jwt[40:], refresh[20:], code[20:]} {
				if strings.Contains(line, secret) {
					t.Errorf("secret shows: %s", line)
				}
			}
			if !strings.Contains(line, "[redacted]") {
				t.Errorf("nothing says that something was cut: %s", line)
			}
		})
	}
}

func TestOrdinaryValuesStay(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"AADSTS65001", "https://graph.microsoft.com/.default", "20261121T213000Z-4f2a", "1.A", "version 1.24.0",
		"redeem refresh token for tenant 11111111-1111-4111-8111-111111111111: AADSTS700082 (HTTP 400)",
		"/subscriptions/0000/resourceGroups/rg-1.Azure/providers/Microsoft.Compute/virtualMachines/vm=1",
	} {
		if got := telemetry.Scrub(text); got != text {
			t.Errorf("Scrub(%q) = %q", text, got)
		}
	}
	var out bytes.Buffer
	telemetry.New(&out, slog.LevelInfo).Info("x", slog.String("code", "AADSTS65001"), slog.String("state", "open"), slog.Any("tasks", []string{"health"}))
	for _, want := range []string{`"code":"AADSTS65001"`, `"state":"open"`, `"tasks":["health"]`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("line lacks %s: %s", want, out.String())
		}
	}
}

// FuzzScrub: a token is cut out whatever stands beside it.
func FuzzScrub(f *testing.F) {
	for _, seed := range []string{jwt, refresh, "code=" + code, "Bearer x.y.z-12345", "plain"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := telemetry.Scrub("refresh " + refresh + " " + s)
		if strings.Contains(once, refresh) {
			t.Errorf("the token is still in %q", once)
		}
	})
}
