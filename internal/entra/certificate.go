package entra

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const (
	// assertionLife is how long one assertion may be used. Clocks may differ:
	// it begins a minute early.
	assertionLife = 10 * time.Minute
	assertionSlip = time.Minute
	// certificateLife is how long a certificate read from the vault is used unread.
	certificateLife = 10 * time.Minute
)

// Signer signs SHA-256 digests by RSASSA-PSS with a salt of 32 bytes: the
// algorithm PS256. It may be used by several goroutines at once.
type Signer interface {
	Sign(ctx context.Context, digest []byte) ([]byte, error)
}

// Certificate is a certificate and whoever holds its key.
type Certificate struct {
	X509   *x509.Certificate
	Signer Signer
}

// KeySigner signs with a key in memory.
func KeySigner(key *rsa.PrivateKey) Signer { return keySigner{key} }

type keySigner struct{ key *rsa.PrivateKey }

func (s keySigner) Sign(_ context.Context, digest []byte) ([]byte, error) {
	return rsa.SignPSS(rand.Reader, s.key, crypto.SHA256, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
}

// CertificateConfig says how assertions are made.
type CertificateConfig struct {
	Cloud cloud.Cloud
	App   sam.AppID
	// Read gives the certificate; it is asked every ten minutes, and again when
	// Entra refuses the one in use.
	Read func(context.Context) (Certificate, error)
	Now  func() time.Time // nil means time.Now
}

type certificateCredential struct {
	CertificateConfig

	mu     sync.Mutex
	held   Certificate
	readAt time.Time
}

// CertificateCredential proves the app with an assertion signed by PS256, which
// names its certificate by x5t#S256 and the token endpoint of the tenant that
// is called, lives ten minutes and is used once.
func CertificateCredential(cfg CertificateConfig) AppCredential {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &certificateCredential{CertificateConfig: cfg}
}

// Apply implements AppCredential.
func (c *certificateCredential) Apply(ctx context.Context, tenant sam.TenantID, form url.Values) error {
	certificate, fresh := c.cached()
	if !fresh {
		var err error
		if certificate, err = c.fetch(ctx); err != nil {
			return err
		}
	}
	assertion, err := c.assert(ctx, certificate, tenant)
	if err != nil {
		return err
	}
	form.Set("client_assertion_type", assertionType)
	form.Set("client_assertion", assertion)
	return nil
}

// assert signs a new assertion.
func (c *certificateCredential) assert(ctx context.Context, certificate Certificate, tenant sam.TenantID) (string, error) {
	now := c.Now()
	header := map[string]string{"alg": "PS256", "typ": "JWT", "x5t#S256": Thumbprint(certificate.X509)}
	claims := map[string]any{
		"aud": c.Cloud.Login + "/" + string(tenant) + "/oauth2/v2.0/token",
		"iss": c.App, "sub": c.App, "jti": uuid.NewString(),
		"iat": now.Unix(), "nbf": now.Add(-assertionSlip).Unix(), "exp": now.Add(assertionLife).Unix(),
	}
	signed := part(header) + "." + part(claims)
	digest := sha256.Sum256([]byte(signed))
	signature, err := certificate.Signer.Sign(ctx, digest[:])
	if err != nil {
		return "", signingProblem(tenant, err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// part encodes one part of a compact JWT.
func part(v any) string {
	raw, err := json.Marshal(v)
	if err != nil { // maps of strings and numbers always encode
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Thumbprint names a certificate: base64url of the SHA-256 of its DER form, as
// in the header x5t#S256.
func Thumbprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func signingProblem(tenant sam.TenantID, err error) error {
	if sam.AsProblem(err) != nil {
		return err
	}
	return &sam.Problem{
		Op: "sign the app's assertion", Tenant: tenant, Class: credential, Err: err,
		Plain: "The app's certificate could not sign.", Fix: "Check the certificate in the vault: it needs an RSA key of 2048 bits or more.",
	}
}

func (c *certificateCredential) renew(ctx context.Context, refused url.Values) (bool, error) {
	old := thumbprintOf(refused.Get("client_assertion"))
	if held, fresh := c.cached(); fresh && Thumbprint(held.X509) != old {
		return true, nil // somebody else has looked already
	}
	certificate, err := c.fetch(ctx)
	return err == nil && Thumbprint(certificate.X509) != old, err
}

// thumbprintOf reads which certificate an assertion of ours names.
func thumbprintOf(assertion string) string {
	first, _, _ := strings.Cut(assertion, ".")
	var header struct {
		Thumbprint string `json:"x5t#S256"`
	}
	raw, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil || json.Unmarshal(raw, &header) != nil {
		return ""
	}
	return header.Thumbprint
}

func (c *certificateCredential) cached() (Certificate, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held, c.held.X509 != nil && c.Now().Sub(c.readAt) < certificateLife
}

// fetch reads without the lock held: two callers may both read, which is harmless.
func (c *certificateCredential) fetch(ctx context.Context) (Certificate, error) {
	certificate, err := c.Read(ctx)
	if err != nil {
		return Certificate{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held, c.readAt = certificate, c.Now()
	return certificate, nil
}
