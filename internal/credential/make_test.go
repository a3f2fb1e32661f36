package credential_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

func secretOf(s string) sam.Secret { return sam.NewSecret(s) }

// selfSigned is a certificate as an operator makes one by hand.
func selfSigned(t *testing.T, key *rsa.PrivateKey, ends time.Time) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(ends.UnixNano()), Subject: pkix.Name{CommonName: "by hand"},
		NotBefore: ends.Add(-10 * 365 * day), NotAfter: ends,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// certificate is certificate and key as PEM, the key first.
func (s *stage) certificate(ends time.Time) string {
	s.t.Helper()
	key, err := s.newKey()
	if err != nil {
		s.t.Fatal(err)
	}
	return pemOf(key, selfSigned(s.t, key, ends))
}

func pemOf(key *rsa.PrivateKey, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// firstOf is the certificate of a PEM text.
func firstOf(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
	}
	t.Fatal("no certificate")
	return nil
}
