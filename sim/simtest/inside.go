package simtest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/sim/bearer"
	"github.com/samkeeper/samkeeper/sim/entra"
	"github.com/samkeeper/samkeeper/sim/faults"
	"github.com/samkeeper/samkeeper/sim/identity"
	"github.com/samkeeper/samkeeper/sim/keys"
	"github.com/samkeeper/samkeeper/sim/keyvault"
	"github.com/samkeeper/samkeeper/sim/world"
)

// Inside is the part of a simulated cloud that a connection lives by (login
// host, vault, managed identity) without listeners: it is an http.RoundTripper
// that hands each request to the handler of the real host name. There is no
// network, no TLS and no request log; tokens are signed with a symmetric key
// (keys.NewShared), so a client cannot verify them. Making one takes
// microseconds, so that ten thousand worlds can be tried. It is safe for
// concurrent use.
type Inside struct {
	World  *world.World
	Vault  *keyvault.Server
	Faults *faults.Injector

	hosts map[string]http.Handler
}

// The hosts of an Inside that are no host of the cloud's table.
const (
	InsideVaultURL    = "https://keeper.vault.azure.net"
	InsideIdentityURL = "http://identity.internal" + identity.Path
	insideIdentity    = "identity.internal"
)

// NewInside makes the cloud of the world w, which must be the public one.
func NewInside(tb testing.TB, w *world.World) *Inside {
	tb.Helper()
	ring, err := keys.NewShared()
	if err != nil {
		tb.Fatalf("make the simulator: %v", err)
	}
	s := &Inside{World: w, Vault: keyvault.New(w, bearer.New(ring, w)), Faults: faults.New(w.Seed(), w.Now)}
	s.hosts = map[string]http.Handler{
		strings.TrimPrefix(w.Cloud().Login, "https://"): s.Faults.Wrap("login", entra.New(w, ring)),
		strings.TrimPrefix(InsideVaultURL, "https://"):  s.Faults.Wrap("vault", s.Vault),
		insideIdentity: s.Faults.Wrap("identity", identity.New(w, ring, IdentityHeader)),
	}
	s.Vault.Preset(world.AppSecretName, w.AppSecret())
	return s
}

// RoundTrip implements http.RoundTripper. A connection that a fault cuts is
// io.ErrUnexpectedEOF.
func (s *Inside) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	if req.Body != nil {
		defer func() { _ = req.Body.Close() }()
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	handler, ok := s.hosts[req.URL.Host]
	if !ok {
		return nil, fmt.Errorf("no such host inside the simulator: %s", req.URL.Host)
	}
	defer func() {
		if cut := recover(); cut == http.ErrAbortHandler { //nolint:errorlint // the value that net/http compares by identity
			resp, err = nil, io.ErrUnexpectedEOF
		} else if cut != nil {
			panic(cut)
		}
	}()
	served := *req
	served.RequestURI, served.RemoteAddr, served.Host = req.URL.RequestURI(), "127.0.0.1:1", req.URL.Host
	if served.Body == nil {
		served.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, &served)
	resp = answer.Result()
	resp.Request = req
	return resp, nil
}
