package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/samkeeper/samkeeper/internal/config"
	"github.com/samkeeper/samkeeper/internal/telemetry"
)

// requestTimeout ends one request to an upstream service, body included. The
// rooms set shorter ones where they know better.
const requestTimeout = 100 * time.Second

// outbound makes the client for everything upstream. Jobs talk to few hosts
// (login, Graph, ARM, Partner Center, vault) from many goroutines, so idle
// connections are kept for each of the 24 jobs an instance runs. Redirects are
// not followed: none of the services sends any, and a token must not travel.
// Each request is a span where tracing is on.
func outbound(roots *x509.CertPool, tracing *telemetry.Tracing) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Client{
		Timeout: requestTimeout,
		Transport: tracing.Transport(&http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           dialer.DialContext,
			ForceAttemptHTTP2:     true,
			TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
			TLSHandshakeTimeout:   10 * time.Second,
			ResponseHeaderTimeout: 60 * time.Second,
			MaxIdleConns:          256,
			MaxIdleConnsPerHost:   32,
			IdleConnTimeout:       90 * time.Second,
		}),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// authorities are whom the upstream client trusts: nil for the system's, or the
// simulator's alone, so that nothing else can answer in its place.
func authorities(cfg config.Config) (*x509.CertPool, error) {
	if cfg.CAFile == "" {
		return nil, nil //nolint:nilnil // nil is the documented value for "the system's"
	}
	pem, err := os.ReadFile(cfg.CAFile)
	if err != nil {
		return nil, config.Fault{Setting: "SAMKEEPER_CA_FILE", Plain: "cannot be read (" + err.Error() + ")", Fix: "start the simulator first and put the path of its ca.pem there"}
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, config.Fault{Setting: "SAMKEEPER_CA_FILE", Plain: fmt.Sprintf("holds no certificate (%d bytes)", len(pem)), Fix: "put the path of the simulator's ca.pem there"}
	}
	return pool, nil
}
