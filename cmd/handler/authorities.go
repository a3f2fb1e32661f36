package main

import (
	"crypto/x509"
	"fmt"
	"os"

	"github.com/samkeeper/samkeeper/internal/config"
)

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
