package sim_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim"
)

func TestListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0", "::", "192.0.2.1", "example.org", "localhost.example"} {
		if s, err := sim.Start(t.Context(), sim.Options{Address: address}); err == nil {
			s.Stop()
			t.Errorf("listens on %s", address)
		}
	}
	s, err := sim.Start(t.Context(), sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	for name, url := range s.Listening() {
		host, _, err := net.SplitHostPort(strings.Split(strings.SplitN(url, "://", 2)[1], "/")[0])
		if err != nil || !net.ParseIP(host).IsLoopback() {
			t.Errorf("%s listens at %s", name, url)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]sim.Options{
		"cloud": {Cloud: "mars"}, "customers": {Customers: -1}, "too many": {Customers: 10_001}, "ports": {PortBase: 65_001},
		"CA file": {CAFile: filepath.Join("no", "such", "folder", "ca.pem")},
	} {
		if s, err := sim.Start(t.Context(), o); err == nil {
			s.Stop()
			t.Errorf("%s was accepted", name)
		}
	}
}

// Every host answers over TLS by the simulator's CA, under the addresses and
// under the real names; nobody else's CA is needed.
func TestEveryHostAnswers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ca.pem")
	s, err := sim.Start(t.Context(), sim.Options{CAFile: file, Customers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	if pem, err := os.ReadFile(file); err != nil || string(pem) != string(s.CAPEM) {
		t.Errorf("CA file: %v", err)
	}
	for name, row := range map[string]struct {
		url    string
		status int
	}{
		"login":         {s.LoginURL + "/common/v2.0/.well-known/openid-configuration", 200},
		"vault":         {s.VaultURL + "/secrets?api-version=7.4", 401},
		"partnercenter": {s.PartnerCenterURL + "/v1/customers", 401},
		"graph":         {s.GraphURL + "/v1.0/organization", 401},
		"arm":           {s.ARMURL + "/subscriptions?api-version=2022-12-01", 401},
		"identity":      {s.IdentityURL, 401},
		"control":       {s.ControlURL + "/sim/info", 200},
	} {
		res, err := s.HTTPClient().Get(row.url)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode != row.status {
			t.Errorf("%s: %d, want %d", name, res.StatusCode, row.status)
		}
	}
	for _, host := range []string{"login.microsoftonline.com", "my-vault.vault.azure.net", "graph.microsoft.com", "management.azure.com", "api.partnercenter.microsoft.com", "localhost"} {
		dialer := tls.Dialer{Config: &tls.Config{RootCAs: s.CAPool, ServerName: host, MinVersion: tls.VersionTLS12}}
		conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.LoginURL, "https://"))
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		_ = conn.Close()
	}
	if _, err := (&http.Client{Timeout: 10 * time.Second}).Get(s.LoginURL); err == nil {
		t.Error("a client without the CA was served")
	}
}

func TestStopsWithItsContext(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := sim.Start(ctx, sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	s.Stop()
	s.Stop()
	if _, err := net.DialTimeout("tcp", strings.TrimPrefix(s.ControlURL, "http://"), time.Second); err == nil {
		t.Error("still listening")
	}
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	if now := runtime.NumGoroutine(); now > before {
		t.Errorf("%d goroutines before, %d after", before, now)
	}
}

func TestTakenPortsAreReported(t *testing.T) {
	t.Parallel()
	first, err := sim.Start(t.Context(), sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Stop()
	port, err := net.LookupPort("tcp", first.LoginURL[strings.LastIndex(first.LoginURL, ":")+1:])
	if err != nil {
		t.Fatal(err)
	}
	if second, err := sim.Start(t.Context(), sim.Options{PortBase: port - 1}); err == nil || !strings.Contains(err.Error(), "login") {
		if second != nil {
			second.Stop()
		}
		t.Errorf("error = %v", err)
	}
}

// Every cloud has its own issuers and audiences.
func TestClouds(t *testing.T) {
	t.Parallel()
	for name, login := range map[string]string{"public": "microsoftonline.com", "usgov": "microsoftonline.us", "china": "partner.microsoftonline.cn"} {
		s, err := sim.Start(t.Context(), sim.Options{Cloud: name})
		if err != nil {
			t.Fatal(err)
		}
		res, err := s.HTTPClient().Get(s.VaultURL + "/secrets")
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if challenge := res.Header.Get("WWW-Authenticate"); !strings.Contains(challenge, login) || s.Env()["SAMKEEPER_CLOUD"] != name {
			t.Errorf("%s: challenge %q", name, challenge)
		}
		s.Stop()
	}
}
