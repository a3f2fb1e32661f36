package reach

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"time"

	"github.com/samkeeper/samkeeper/internal/telemetry"
)

// requestTimeout ends one request to an upstream service, body included. The
// rooms set shorter ones where they know better.
const requestTimeout = 100 * time.Second

// Client makes the client for everything upstream. Jobs talk to few hosts
// (login, Graph, ARM, Partner Center, vault) from many goroutines, so idle
// connections are kept for each of the 24 jobs an instance runs. Redirects are
// not followed: none of the services sends any, and a token must not travel.
// roots are whom it trusts, nil for the system's. Each request is a span where
// tracing is on; nil is off.
func Client(roots *x509.CertPool, tracing *telemetry.Tracing) *http.Client {
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
