package consent

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// The sealed form is "1.<key id>.<base64url of nonce and ciphertext>". Version
// and key id are authenticated with the content. The key id says which of the
// keys in use sealed it: after a change of the state key the key before it opens
// cookies for as long as they live.
const (
	sealVersion = "1"
	maxSealed   = 4096 // what browsers keep of one cookie
	minKeyBytes = 32
	keyInfo     = "samkeeper consent cookie v1"
	keyIDInfo   = "samkeeper consent cookie key id v1"
)

// errSeal covers every way in which a cookie fails to open. Which one it was
// is in the message, for the log.
var errSeal = errors.New("consent cookie does not open")

// attempt is what the browser keeps, sealed, while the person signs in.
type attempt struct {
	State    string       `json:"s"`
	Nonce    string       `json:"n"`
	Tenant   sam.TenantID `json:"t"`
	Expires  int64        `json:"e"` // Unix seconds
	Verifier sam.Secret   `json:"-"` // PKCE
}

// content is an attempt inside the seal, where the verifier is plain.
type content struct {
	attempt
	Verifier string `json:"v"`
}

func (a attempt) expired(now time.Time) bool { return now.Unix() >= a.Expires }

// sealer seals and opens attempts under one key.
type sealer struct {
	keyID string
	aead  cipher.AEAD
}

// newSealer derives the cookie key from the vault's state key.
func newSealer(stateKey sam.Secret) (sealer, error) {
	material := []byte(stateKey.Reveal())
	if len(material) < minKeyBytes {
		return sealer{}, fmt.Errorf("state key has %d bytes, want at least %d", len(material), minKeyBytes)
	}
	key, err := hkdf.Key(sha256.New, material, nil, keyInfo, 32)
	if err != nil {
		return sealer{}, fmt.Errorf("derive the cookie key: %w", err)
	}
	id, err := hkdf.Key(sha256.New, material, nil, keyIDInfo, 6)
	if err != nil {
		return sealer{}, fmt.Errorf("derive the cookie key id: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, fmt.Errorf("make the cookie cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return sealer{}, fmt.Errorf("make the cookie cipher: %w", err)
	}
	return sealer{keyID: base64.RawURLEncoding.EncodeToString(id), aead: aead}, nil
}

func (s sealer) prefix() string { return sealVersion + "." + s.keyID + "." }

// seal encrypts and authenticates a.
func (s sealer) seal(a attempt) (string, error) {
	plain, err := json.Marshal(content{a, a.Verifier.Reveal()})
	if err != nil {
		return "", fmt.Errorf("encode the consent cookie: %w", err)
	}
	box := s.aead.Seal(nil, nil, plain, []byte(s.prefix())) //nolint:gosec // G407: this AEAD makes a random nonce itself and wants none
	return s.prefix() + base64.RawURLEncoding.EncodeToString(box), nil
}

// open is the inverse of seal. Its errors wrap errSeal and never contain any
// part of the cookie.
func (s sealer) open(sealed string) (attempt, error) {
	if len(sealed) > maxSealed {
		return attempt{}, fmt.Errorf("%w: %d bytes long", errSeal, len(sealed))
	}
	version, rest, _ := strings.Cut(sealed, ".")
	keyID, body, _ := strings.Cut(rest, ".")
	switch {
	case version != sealVersion:
		return attempt{}, fmt.Errorf("%w: unknown version", errSeal)
	case keyID != s.keyID:
		return attempt{}, fmt.Errorf("%w: sealed with another key", errSeal)
	}
	box, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil {
		return attempt{}, fmt.Errorf("%w: not base64url", errSeal)
	}
	plain, err := s.aead.Open(nil, nil, box, []byte(s.prefix()))
	if err != nil {
		return attempt{}, fmt.Errorf("%w: not authentic", errSeal)
	}
	var c content
	if err := json.Unmarshal(plain, &c); err != nil {
		return attempt{}, fmt.Errorf("%w: content", errSeal)
	}
	c.attempt.Verifier = sam.NewSecret(c.Verifier)
	return c.attempt, nil
}
