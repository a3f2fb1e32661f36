package pki_test

import (
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/samkeeper/samkeeper/sim/pki"
)

func TestNamesAndTrust(t *testing.T) {
	t.Parallel()
	a, err := pki.New("*.vault.azure.net", "graph.microsoft.com")
	if err != nil {
		t.Fatal(err)
	}
	other, err := pki.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"127.0.0.1", "::1", "localhost", "my.vault.azure.net", "graph.microsoft.com"} {
		if _, err := a.Leaf.Leaf.Verify(x509.VerifyOptions{Roots: a.Pool, DNSName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := a.Leaf.Leaf.Verify(x509.VerifyOptions{Roots: a.Pool, DNSName: "example.org"}); err == nil {
		t.Error("any name is accepted")
	}
	if _, err := a.Leaf.Leaf.Verify(x509.VerifyOptions{Roots: other.Pool}); err == nil {
		t.Error("two starts share a CA")
	}
	block, rest := pem.Decode(a.CAPEM)
	if block == nil || block.Type != "CERTIFICATE" || len(rest) != 0 {
		t.Error("the CA file must hold one certificate and nothing else")
	}
}
