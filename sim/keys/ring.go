package keys

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// kept is how many keys stay published.
const kept = 4

// Ring holds the keys; it is safe for concurrent use.
type Ring struct {
	mu   sync.RWMutex
	keys []signingKey // newest last
}

type signingKey struct {
	id     string
	der    []byte
	key    *rsa.PrivateKey
	secret []byte // of a shared key, which has no other
	signer jose.Signer
}

// opens is what verifies a signature of the key, and its algorithm.
func (k signingKey) opens() (any, jose.SignatureAlgorithm) {
	if k.secret != nil {
		return k.secret, jose.HS256
	}
	return k.key.Public(), jose.RS256
}

// first and shared are the keys that the rings of this process begin with.
var (
	first  = sync.OnceValues(newKey)
	shared = sync.OnceValues(newSharedKey)
)

// New makes a ring with one key. That key is the same for all rings of a
// process, since making one takes long and tests start many simulators; keys
// added by Rotate are the ring's own.
func New() (*Ring, error) {
	k, err := first()
	if err != nil {
		return nil, fmt.Errorf("make the first signing key: %w", err)
	}
	return &Ring{keys: []signingKey{k}}, nil
}

// NewShared makes a ring whose one key is symmetric (HS256), the same for all
// such rings of the process: it signs in microseconds, for runs of hundreds of
// thousands of tokens. Nothing is published, so no client can verify what it
// signs; the simulator itself can.
func NewShared() (*Ring, error) {
	k, err := shared()
	if err != nil {
		return nil, fmt.Errorf("make the shared signing key: %w", err)
	}
	return &Ring{keys: []signingKey{k}}, nil
}

func newSharedKey() (signingKey, error) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails since Go 1.24
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: secret}, (&jose.SignerOptions{}).WithType("JWT"))
	return signingKey{secret: secret, signer: signer}, err // without a key id
}

// Rotate adds a key that signs from now on; the oldest of more than four
// leaves the published set.
func (r *Ring) Rotate() error {
	k, err := newKey()
	if err != nil {
		return fmt.Errorf("make a signing key: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = append(r.keys, k)
	if len(r.keys) > kept {
		r.keys = r.keys[1:]
	}
	return nil
}

func newKey() (signingKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return signingKey{}, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "simulated token signing"},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.AddDate(5, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return signingKey{}, err
	}
	digest := sha1.Sum(der)
	id := base64.RawURLEncoding.EncodeToString(digest[:])
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: id}},
		(&jose.SignerOptions{}).WithType("JWT"))
	return signingKey{id: id, der: der, key: key, signer: signer}, err
}

// Sign signs claims (anything that marshals to a JSON object) with the newest
// key and returns the compact token.
func (r *Ring) Sign(claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("marshal claims: %w", err)
	}
	r.mu.RLock()
	signer := r.keys[len(r.keys)-1].signer
	r.mu.RUnlock()
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed.CompactSerialize()
}

// Open checks the signature of a compact token and returns its payload. The
// algorithm must be the one of the key that the token names.
func (r *Ring) Open(token string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.HS256})
	if err != nil {
		return nil, fmt.Errorf("parse token: %w", err)
	}
	header := signed.Signatures[0].Header
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, k := range r.keys {
		if key, algorithm := k.opens(); k.id == header.KeyID && header.Algorithm == string(algorithm) {
			return signed.Verify(key)
		}
	}
	return nil, fmt.Errorf("no signing key %q for %s", header.KeyID, header.Algorithm)
}

// JWK is a published key; Issuer is Microsoft's own member and says for whom
// the key may sign.
type JWK struct {
	Type      string   `json:"kty"`
	Use       string   `json:"use"`
	ID        string   `json:"kid"`
	X5T       string   `json:"x5t"`
	N         string   `json:"n"`
	E         string   `json:"e"`
	X5C       []string `json:"x5c"`
	CloudHost string   `json:"cloud_instance_name,omitempty"`
	Issuer    string   `json:"issuer,omitempty"`
}

// Published lists the keys, newest first, each with the given issuer member.
func (r *Ring) Published(cloudHost, issuer string) []JWK {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var set []JWK
	for i := len(r.keys) - 1; i >= 0; i-- {
		k := r.keys[i]
		if k.secret != nil {
			continue
		}
		set = append(set, JWK{
			Type: "RSA", Use: "sig", ID: k.id, X5T: k.id,
			N:         base64.RawURLEncoding.EncodeToString(k.key.N.Bytes()),
			E:         base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.key.E)).Bytes()),
			X5C:       []string{base64.StdEncoding.EncodeToString(k.der)},
			CloudHost: cloudHost, Issuer: issuer,
		})
	}
	return set
}
