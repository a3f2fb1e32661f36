package credential

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

const (
	pemContent   = "application/x-pem-file"
	minKeyBits   = 2048
	tagKey       = "key"         // the Key Vault key of a certificate without its own
	tagKeyVer    = "key-version" // and its version
	tagKeyID     = "key-id"      // what Graph calls a secret
	tagPromoted  = "promoted-at" // since when it is in use, RFC 3339
	blockCert    = "CERTIFICATE"
	blockKey     = "PRIVATE KEY"
	blockRSAKey  = "RSA PRIVATE KEY"
	backdated    = time.Hour // of a new certificate, against clocks that differ
	certSubject  = "samkeeper"
	serialLength = 128 // bits
)

// errNoCertificate says what a vault entry lacks. It never repeats its content.
var errNoCertificate = errors.New("no usable certificate")

// parsePEM reads a certificate and, if there is one, the RSA key that belongs
// to it, in any order; of several certificates the one of the key is taken.
func parsePEM(text []byte) (*x509.Certificate, *rsa.PrivateKey, error) {
	var certificates []*x509.Certificate
	var key *rsa.PrivateKey
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case blockCert:
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, nil, fmt.Errorf("%w: a certificate block cannot be read", errNoCertificate)
			}
			certificates = append(certificates, c)
		case blockKey, blockRSAKey:
			if key = parseKey(block.Bytes); key == nil {
				return nil, nil, fmt.Errorf("%w: the private key is no RSA key", errNoCertificate)
			}
		}
	}
	for _, c := range certificates {
		public, ok := c.PublicKey.(*rsa.PublicKey)
		if !ok || public.N.BitLen() < minKeyBits {
			continue
		}
		if key == nil || key.PublicKey.Equal(public) {
			return c, key, nil
		}
	}
	return nil, nil, fmt.Errorf("%w: want an RSA certificate of %d bits or more and its key", errNoCertificate, minKeyBits)
}

// parseKey reads PKCS #8 or PKCS #1; nil is no RSA key.
func parseKey(der []byte) *rsa.PrivateKey {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil
	}
	key, _ := parsed.(*rsa.PrivateKey)
	return key
}

// open makes a vault entry a certificate that can sign.
func open(e vault.Entry, keys Keys) (entra.Certificate, error) {
	certificate, key, err := parsePEM([]byte(e.Value.Reveal()))
	switch {
	case err != nil:
		return entra.Certificate{}, unusable(e.Name, err)
	case key != nil:
		return entra.Certificate{X509: certificate, Signer: entra.KeySigner(key)}, nil
	case e.Tags[tagKey] == "" || e.Tags[tagKeyVer] == "":
		return entra.Certificate{}, unusable(e.Name, fmt.Errorf("%w: it has neither a private key nor the tags key and key-version", errNoCertificate))
	}
	return entra.Certificate{X509: certificate, Signer: remote{keys, vault.Key{Name: e.Tags[tagKey], Version: e.Tags[tagKeyVer]}}}, nil
}

func unusable(name string, cause error) *sam.Problem {
	return &sam.Problem{
		Op: "open the app's certificate", Class: sam.ClassCredential, Code: "certificate_unusable", Err: cause,
		Plain: "The vault's secret " + name + " holds no certificate that can sign.",
		Fix:   "Store certificate and RSA key as PEM there, or let samkeeper make one.",
	}
}

// remote signs with a Key Vault key.
type remote struct {
	keys Keys
	key  vault.Key
}

// Sign implements entra.Signer.
func (r remote) Sign(ctx context.Context, digest []byte) ([]byte, error) {
	return r.keys.Sign(ctx, r.key.Name, r.key.Version, digest, true)
}

// remoteSigner is a Key Vault key as x509.CreateCertificate wants it.
type remoteSigner struct {
	ctx context.Context // crypto.Signer has no place for it
	remote
}

// Public implements crypto.Signer.
func (r remoteSigner) Public() crypto.PublicKey { return r.key.Public }

// Sign implements crypto.Signer.
func (r remoteSigner) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return r.keys.Sign(r.ctx, r.key.Name, r.key.Version, digest, false)
}

// selfSign makes a certificate over the signer's key.
func selfSign(signer crypto.Signer, now time.Time) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), serialLength))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: certSubject},
		NotBefore: now.Add(-backdated), NotAfter: now.Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature, SignatureAlgorithm: x509.SHA256WithRSA,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("sign the new certificate: %w", err)
	}
	return der, nil
}

// writePEM is the form in which a certificate and its key are stored; a nil key
// is left out.
func writePEM(der []byte, key *rsa.PrivateKey) (sam.Secret, error) {
	text := pem.EncodeToMemory(&pem.Block{Type: blockCert, Bytes: der})
	if key != nil {
		raw, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return sam.Secret{}, err
		}
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: blockKey, Bytes: raw})...)
	}
	return sam.NewSecret(string(text)), nil
}
