// Package pki is the certificate authority of one simulator: a fresh CA in
// every start, and one server certificate for all its listeners.
//
// Law: the CA's private key never leaves memory and is forgotten once the
// server certificate is made; only the CA certificate is written to disk.
// Certificates are valid for 30 days from an hour ago.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

const (
	backdate = time.Hour
	lifetime = 30 * 24 * time.Hour
)

// Authority is what a start of the simulator needs of its CA.
type Authority struct {
	CAPEM []byte          // the CA certificate, PEM
	Pool  *x509.CertPool  // holds the CA certificate alone
	Leaf  tls.Certificate // for the listeners
}

// New makes a CA and a server certificate for 127.0.0.1, ::1, localhost and
// the given host names (wildcards allowed).
func New(hosts ...string) (*Authority, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the CA key: %w", err)
	}
	ca, err := certify(caTemplate(), nil, caKey, caKey)
	if err != nil {
		return nil, fmt.Errorf("make the CA certificate: %w", err)
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the server key: %w", err)
	}
	leaf, err := certify(leafTemplate(hosts), ca, leafKey, caKey)
	if err != nil {
		return nil, fmt.Errorf("make the server certificate: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	return &Authority{
		CAPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw}),
		Pool:  pool,
		Leaf:  tls.Certificate{Certificate: [][]byte{leaf.Raw, ca.Raw}, PrivateKey: leafKey, Leaf: leaf},
	}, nil
}

// TLS is the server side configuration of every https listener.
func (a *Authority) TLS() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{a.Leaf}, MinVersion: tls.VersionTLS12}
}

func caTemplate() *x509.Certificate {
	c := template("samsim CA (simulation only)")
	c.IsCA = true
	c.BasicConstraintsValid = true
	c.MaxPathLenZero = true
	c.KeyUsage = x509.KeyUsageCertSign
	return c
}

func leafTemplate(hosts []string) *x509.Certificate {
	c := template("samsim")
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	c.DNSNames = append([]string{"localhost"}, hosts...)
	return c
}

func template(name string) *x509.Certificate {
	now := time.Now()
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		serial = big.NewInt(now.UnixNano())
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(lifetime),
	}
}

// certify signs template with signer; a nil parent means self-signed.
func certify(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) (*x509.Certificate, error) {
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
