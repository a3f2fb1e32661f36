package consent

import (
	"fmt"
	"strings"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// keyring holds the sealers in use: the first seals, any of them opens.
type keyring []sealer

// newKeyring makes the sealers of the vault's state keys, the current one
// first. A current key that is too short is a fault that a person made; an
// older one that is opens nothing and is left out.
func newKeyring(keys []sam.Secret) (keyring, error) {
	var ring keyring
	for i, key := range keys {
		s, err := newSealer(key)
		if err == nil {
			ring = append(ring, s)
		}
		if err != nil && i == 0 {
			return nil, &sam.Problem{
				Op: "read the state key", Class: sam.ClassConfiguration, Code: "BadStateKey",
				Plain: "The newest version of the vault's secret state-key is no usable key.",
				Fix:   "Disable that version, or write a new one of 32 random bytes in base64.", Err: err,
			}
		}
	}
	if len(ring) == 0 {
		return nil, fmt.Errorf("%w: no key", errSeal)
	}
	return ring, nil
}

// seal seals with the current key.
func (r keyring) seal(a attempt) (string, error) { return r[0].seal(a) }

// open opens with the key the cookie names; the current one words the refusal
// of a cookie that names none in use.
func (r keyring) open(sealed string) (attempt, error) {
	for _, s := range r {
		if strings.HasPrefix(sealed, s.prefix()) {
			return s.open(sealed)
		}
	}
	return r[0].open(sealed)
}
