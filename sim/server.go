package sim

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/samkeeper/samkeeper/sim/arm"
	"github.com/samkeeper/samkeeper/sim/bearer"
	"github.com/samkeeper/samkeeper/sim/control"
	"github.com/samkeeper/samkeeper/sim/entra"
	"github.com/samkeeper/samkeeper/sim/faults"
	"github.com/samkeeper/samkeeper/sim/graph"
	"github.com/samkeeper/samkeeper/sim/identity"
	"github.com/samkeeper/samkeeper/sim/keys"
	"github.com/samkeeper/samkeeper/sim/keyvault"
	"github.com/samkeeper/samkeeper/sim/limits"
	"github.com/samkeeper/samkeeper/sim/partnercenter"
	"github.com/samkeeper/samkeeper/sim/pki"
	"github.com/samkeeper/samkeeper/sim/record"
	"github.com/samkeeper/samkeeper/sim/world"
)

// Server is a running simulator. URLs have no trailing slash.
type Server struct {
	World    *world.World
	Faults   *faults.Injector
	Vault    *keyvault.Server
	Recorder *record.Recorder
	Keys     *keys.Ring

	PartnerCenter *partnercenter.Service // for its dials
	ARM           *arm.Service           // for its dials
	Limits        limits.Services        // of all services together

	LoginURL         string
	VaultURL         string
	PartnerCenterURL string
	GraphURL         string
	ARMURL           string
	IdentityURL      string // the managed-identity endpoint, path included
	ControlURL       string

	CAFile string         // as in Options
	CAPEM  []byte         // the CA certificate
	CAPool *x509.CertPool // trusts this simulator alone

	options Options
	servers []*http.Server
	running sync.WaitGroup
	stopped sync.Once
}

// Start makes a world and listens. The simulator runs until ctx ends or Stop
// is called.
func Start(ctx context.Context, options Options) (*Server, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	w := world.New(options.world())
	authority, err := pki.New(realHosts(w.Cloud())...)
	if err != nil {
		return nil, err
	}
	ring, err := keys.New()
	if err != nil {
		return nil, err
	}
	verifier := bearer.New(ring, w)
	s := &Server{
		World: w, Keys: ring, Vault: keyvault.New(w, verifier),
		Faults: faults.New(options.Seed, w.Now), Recorder: record.New(w.Now),
		PartnerCenter: partnercenter.New(w, verifier), ARM: arm.New(w, verifier),
		CAFile: options.CAFile, CAPEM: authority.CAPEM, CAPool: authority.Pool, options: options,
	}
	s.Limits = limits.Services{
		Login: entra.New(w, ring), PartnerCenter: s.PartnerCenter, Graph: graph.New(w, verifier), ARM: s.ARM,
	}
	if options.PublishedLimits {
		s.Limits.Publish(true)
	}
	s.Vault.Preset(world.AppSecretName, w.AppSecret())
	if options.CAFile != "" {
		if err := os.WriteFile(options.CAFile, s.CAPEM, 0o600); err != nil {
			return nil, fmt.Errorf("write the CA certificate: %w", err)
		}
	}
	if err := s.listen(ctx, s.hosts(), authority.TLS()); err != nil {
		s.Stop()
		return nil, err
	}
	context.AfterFunc(ctx, s.Stop)
	return s, nil
}

// host is one logical host of the simulated cloud.
type host struct {
	name    string
	handler http.Handler
	tls     bool
	url     *string
}

// hosts is the table of listeners, in the order of their ports.
func (s *Server) hosts() []host {
	door := control.New(control.Config{
		World: s.World, Faults: s.Faults, Vault: s.Vault, Recorder: s.Recorder, Ring: s.Keys, Info: s.Info,
		PartnerCenter: s.PartnerCenter, ARM: s.ARM, Limits: s.Limits,
	})
	list := []host{
		{"login", s.Limits.Login, true, &s.LoginURL},
		{"vault", s.Vault, true, &s.VaultURL},
		{"partnercenter", s.PartnerCenter, true, &s.PartnerCenterURL},
		{"graph", s.Limits.Graph, true, &s.GraphURL},
		{"arm", s.ARM, true, &s.ARMURL},
		{"identity", identity.New(s.World, s.Keys, IdentityHeader), false, &s.IdentityURL},
	}
	for i, h := range list {
		list[i].handler = s.Recorder.Wrap(h.name, s.Faults.Wrap(h.name, h.handler))
	}
	return append(list, host{"control", door, false, &s.ControlURL})
}

// realHosts are the names of the real services, for clients that keep the real
// URLs and only dial elsewhere.
func realHosts(c world.Cloud) []string {
	hosts := []string{"*" + c.VaultSuffix}
	for _, base := range []string{c.Login, c.Graph, c.ARM, c.PartnerCenter} {
		hosts = append(hosts, strings.TrimPrefix(base, "https://"))
	}
	return hosts
}

// Stop closes all listeners and connections and waits until they are gone. It
// may be called more than once.
func (s *Server) Stop() {
	s.stopped.Do(func() {
		for _, server := range s.servers {
			_ = server.Close() // closing a listener twice is not worth telling
		}
	})
	s.running.Wait()
}

// HTTPClient trusts the simulator's CA and nothing else.
func (s *Server) HTTPClient() *http.Client {
	return &http.Client{Transport: s.transport(), Timeout: time.Minute}
}
