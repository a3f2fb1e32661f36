package sharedkey

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The account of the storage emulator and its key, which Microsoft publishes;
// they open nothing but an emulator.
const (
	EmulatorAccount = "devstoreaccount1"
	EmulatorKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// maxSkew is how far the date of a request may be from the clock.
const maxSkew = 15 * time.Minute

// What is wrong with a request's proof. The services answer 401
// NoAuthenticationInformation, 400 InvalidAuthenticationInfo and 403
// AuthenticationFailed.
var (
	ErrMissing   = errors.New("no Authorization header")
	ErrMalformed = errors.New("the Authorization header is not <scheme> <account>:<signature>")
	ErrRefused   = errors.New("the signature does not open the account")
)

// Service is a family of rules for the string to sign.
type Service int

// The services.
const (
	BlobOrQueue Service = iota
	Table
)

// Verifier checks the requests of one service. It is safe for concurrent use.
type Verifier struct {
	service Service
	now     func() time.Time
	macs    sync.Pool // of *signer
}

// signer is what one check needs, kept from one to the next.
type signer struct {
	mac  hash.Hash
	text []byte
	sum  []byte
}

// New makes a verifier for a base64 key; now is the clock dates are held
// against, nil for the real one.
func New(service Service, key string, now func() time.Time) (*Verifier, error) {
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(raw) == 0 {
		return nil, errors.New("the account key is not base64")
	}
	if now == nil {
		now = time.Now
	}
	v := &Verifier{service: service, now: now}
	v.macs.New = func() any { return &signer{mac: hmac.New(sha256.New, raw)} }
	return v, nil
}

// Verify checks a request's signature and date; an error wraps one of the
// errors above.
func (v *Verifier) Verify(r *http.Request) error {
	scheme, account, signature, err := parse(r.Header.Get("Authorization"))
	if err != nil {
		return err
	}
	if own := Account(r.URL.Path); own != account {
		return fmt.Errorf("signed by account %q: %w", account, ErrRefused)
	}
	if err := v.checkDate(r); err != nil {
		return err
	}
	s := v.macs.Get().(*signer)
	defer v.macs.Put(s)
	s.text = v.stringToSign(s.text[:0], scheme, account, r)
	s.mac.Reset()
	s.mac.Write(s.text)
	s.sum = s.mac.Sum(s.sum[:0])
	if !hmac.Equal(s.sum, signature) {
		return fmt.Errorf("the MAC signature is not the same as any computed signature; the server used the string to sign %q: %w", s.text, ErrRefused)
	}
	return nil
}

// Account is the first segment of a path.
func Account(path string) string {
	account, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return account
}

// parse takes the Authorization header apart.
func parse(header string) (scheme, account string, signature []byte, err error) {
	if header == "" {
		return "", "", nil, ErrMissing
	}
	scheme, rest, _ := strings.Cut(header, " ")
	account, encoded, _ := strings.Cut(rest, ":")
	signature, err = base64.StdEncoding.DecodeString(encoded)
	if err != nil || scheme != shared && scheme != lite || account == "" || len(signature) == 0 {
		return "", "", nil, ErrMalformed
	}
	return scheme, account, signature, nil
}

// checkDate wants x-ms-date or Date, near the clock.
func (v *Verifier) checkDate(r *http.Request) error {
	sent := r.Header.Get("X-Ms-Date")
	if sent == "" {
		sent = r.Header.Get("Date")
	}
	at, err := http.ParseTime(sent)
	if err != nil {
		return fmt.Errorf("no valid date: %w", ErrRefused)
	}
	if skew := v.now().Sub(at).Abs(); skew > maxSkew {
		return fmt.Errorf("request date header too old: %q: %w", sent, ErrRefused)
	}
	return nil
}
