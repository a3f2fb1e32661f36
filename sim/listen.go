package sim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/samkeeper/samkeeper/sim/identity"
)

// listen opens one listener per host and serves it.
func (s *Server) listen(ctx context.Context, hosts []host, secure *tls.Config) error {
	for i, h := range hosts {
		port := 0
		if s.options.PortBase > 0 {
			port = s.options.PortBase + 1 + i
		}
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(s.options.address(), strconv.Itoa(port)))
		if err != nil {
			return fmt.Errorf("listen for %s: %w", h.name, err)
		}
		*h.url = "http://" + listener.Addr().String()
		if h.tls {
			*h.url = "https://" + listener.Addr().String()
		}
		if h.name == "identity" {
			*h.url += identity.Path
		}
		s.serve(h, listener, secure)
	}
	return nil
}

func (s *Server) serve(h host, listener net.Listener, secure *tls.Config) {
	server := &http.Server{
		Handler: h.handler, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0), // clients that distrust our CA are no news
	}
	if h.tls {
		server.TLSConfig = secure.Clone()
	}
	s.servers = append(s.servers, server)
	s.running.Go(func() {
		var err error
		if h.tls {
			err = server.ServeTLS(listener, "", "")
		} else {
			err = server.Serve(listener)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			log.Printf("simulated %s stopped: %v", h.name, err)
		}
	})
}

// transport dials as usual and trusts the simulator's CA alone.
func (s *Server) transport() *http.Transport {
	return &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: s.CAPool, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     30 * time.Second,
	}
}
