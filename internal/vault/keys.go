package vault

import (
	"context"
	"crypto/rsa"
	"math/big"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// keyBits is the size of the keys made here.
const keyBits = 2048

// Keys are RSA keys that never leave Key Vault: it makes them and signs with
// them. Keys is safe for concurrent use.
type Keys struct{ client *azkeys.Client }

// NewKeys returns the keys of one vault.
func NewKeys(client *azkeys.Client) *Keys { return &Keys{client: client} }

// Key is one version of a key. The zero value is none.
type Key struct {
	Name    string
	Version string // 32 hexadecimal digits
	Public  *rsa.PublicKey
}

// Create makes a new version of a key that can sign and cannot be exported.
func (k *Keys) Create(ctx context.Context, name string) (Key, error) {
	op := "make a new version of key " + name
	got, err := k.client.CreateKey(ctx, name, azkeys.CreateKeyParameters{
		Kty: to.Ptr(azkeys.KeyTypeRSA), KeySize: to.Ptr(int32(keyBits)),
		KeyOps: []*azkeys.KeyOperation{to.Ptr(azkeys.KeyOperationSign), to.Ptr(azkeys.KeyOperationVerify)},
	}, nil)
	if err != nil {
		return Key{}, keyProblem(op, name, err)
	}
	if got.Key == nil || got.Key.KID == nil || len(got.Key.N) == 0 || len(got.Key.E) == 0 || len(got.Key.E) > 4 {
		return Key{}, &sam.Problem{
			Op: op, Class: sam.ClassRetry, Code: "UnreadableAnswer",
			Plain: "The vault's answer holds no RSA key. (Key " + name + ".)", Fix: fixWait,
		}
	}
	return Key{
		Name: name, Version: got.Key.KID.Version(),
		Public: &rsa.PublicKey{N: new(big.Int).SetBytes(got.Key.N), E: int(new(big.Int).SetBytes(got.Key.E).Int64())},
	}, nil
}

// Sign signs a SHA-256 digest: with pss by RSASSA-PSS (PS256), the salt as long
// as the digest, otherwise by PKCS #1 v1.5 (RS256).
func (k *Keys) Sign(ctx context.Context, name, version string, digest []byte, pss bool) ([]byte, error) {
	algorithm := azkeys.SignatureAlgorithmRS256
	if pss {
		algorithm = azkeys.SignatureAlgorithmPS256
	}
	got, err := k.client.Sign(ctx, name, version, azkeys.SignParameters{Algorithm: &algorithm, Value: digest}, nil)
	if err != nil {
		return nil, keyProblem("sign with key "+name, name, err)
	}
	return got.Result, nil
}

// keyProblem is problem in the words of keys: other role, other noun.
func keyProblem(op, name string, err error) *sam.Problem {
	p := problem(op, "", err)
	switch p.Code {
	case "KeyNotFound":
		p.Err, p.Plain, p.Fix = ErrAbsent, "The vault has no such key.", "Let samkeeper make a new certificate, or put its key back."
	case "KeyDisabled", "KeyOperationForbidden":
		p.Class, p.Err, p.Plain, p.Fix = sam.ClassConfiguration, ErrDisabled, "The key may not sign.", "Enable the key and its operation sign in the vault."
	case "ForbiddenByRbac", "AccessDenied":
		p.Plain = "The app may not use the vault's keys."
		p.Fix = "Grant the app's managed identity the role Key Vault Crypto Officer on the vault; a new assignment takes some minutes to work."
	}
	p.Plain += " (Key " + name + ".)"
	return p
}
