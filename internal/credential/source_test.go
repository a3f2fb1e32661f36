package credential_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/credential"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// shelf is a vault with one entry.
type shelf struct {
	entry vault.Entry
	err   error
}

func (s shelf) Entry(context.Context, string) (vault.Entry, error) { return s.entry, s.err }

func rsaKey(tb testing.TB, bits int) *rsa.PrivateKey {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func pkcs8(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestCertificateForms(t *testing.T) {
	t.Parallel()
	key, other := rsaKey(t, 2048), rsaKey(t, 2048)
	short := rsaKey(t, 1024)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ends := time.Now().Add(day)
	block := func(der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	mine, chain := block(selfSigned(t, key, ends)), block(selfSigned(t, other, ends))
	for name, row := range map[string]struct {
		text string
		tags map[string]string
		good bool
	}{
		"key first, PKCS 1":           {pemOf(key, selfSigned(t, key, ends)), nil, true},
		"key last, PKCS 8":            {mine + pkcs8(t, key), nil, true},
		"of a chain, the key's own":   {chain + mine + pkcs8(t, key), nil, true},
		"key in the vault":            {mine, map[string]string{"key": "k", "key-version": "v"}, true},
		"key nowhere":                 {mine, nil, false},
		"key of another certificate":  {mine + pkcs8(t, other), nil, false},
		"key too short":               {pemOf(short, selfSigned(t, short, ends)), nil, false},
		"elliptic curve":              {mine + pkcs8(t, curve), nil, false},
		"no certificate":              {pkcs8(t, key), nil, false},
		"damaged certificate":         {block([]byte("damaged")) + pkcs8(t, key), nil, false},
		"a client secret by mistake":  {"abc~DEF.123", nil, false},
		"nothing":                     {"", nil, false},
		"PKCS 12, which is not known": {"MIIKHAIBAzCCCdYGCSqGSIb3DQEHAaCCCccEggnDMIIJvzCC", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := credential.Source{Vault: shelf{entry: vault.Entry{Name: "c", Value: secretOf(row.text), Tags: row.tags}}, Name: "c"}
			got, err := source.Certificate(t.Context())
			if row.good {
				if err != nil || !got.X509.PublicKey.(*rsa.PublicKey).Equal(key.Public()) || got.Signer == nil {
					t.Errorf("%v", err)
				}
				return
			}
			if p := sam.AsProblem(err); p == nil || p.Class != sam.ClassCredential || row.text != "" && strings.Contains(p.Error(), row.text) {
				t.Errorf("%v, want a problem of class credential that does not repeat the content", err)
			}
		})
	}
}

// That there is nothing in the vault is for the next credential to make good;
// that the vault does not answer is not.
func TestMissingIsTheCredentialsMatter(t *testing.T) {
	t.Parallel()
	absent := &sam.Problem{Class: sam.ClassConfiguration, Plain: "absent", Err: vault.ErrAbsent}
	for name, row := range map[string]struct {
		err   error
		class sam.Class
	}{
		"absent":   {absent, sam.ClassCredential},
		"disabled": {&sam.Problem{Class: sam.ClassConfiguration, Err: vault.ErrDisabled}, sam.ClassCredential},
		"outage":   {&sam.Problem{Class: sam.ClassRetry}, sam.ClassRetry},
		"no role":  {&sam.Problem{Class: sam.ClassConfiguration}, sam.ClassConfiguration},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := credential.Source{Vault: shelf{err: row.err}, Name: "c"}
			_, errCertificate := source.Certificate(t.Context())
			_, errSecret := source.Secret(t.Context())
			if sam.ClassOf(errCertificate) != row.class || sam.ClassOf(errSecret) != row.class {
				t.Errorf("%v, %v: want class %s", errCertificate, errSecret, row.class)
			}
		})
	}
	if absent.Class != sam.ClassConfiguration {
		t.Error("somebody else's problem was changed")
	}
}

// FuzzCertificate: whatever an operator puts into the vault, it is a
// certificate that can sign or a problem that does not repeat it.
func FuzzCertificate(f *testing.F) {
	key := rsaKey(f, 2048)
	f.Add("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
	f.Add(string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})))
	f.Add("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----")
	f.Fuzz(func(t *testing.T, text string) {
		source := credential.Source{Vault: shelf{entry: vault.Entry{Name: "c", Value: secretOf(text)}}, Name: "c"}
		got, err := source.Certificate(t.Context())
		if err == nil {
			if _, err := got.Signer.Sign(t.Context(), make([]byte, 32)); err != nil {
				t.Errorf("taken, but cannot sign: %v", err)
			}
			return
		}
		if len(text) > 40 && strings.Contains(err.Error(), text) {
			t.Error("the content is repeated")
		}
	})
}
