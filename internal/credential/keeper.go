package credential

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/lease"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// Vault is where credentials are kept; *vault.Vault is one. It cannot delete.
type Vault interface {
	Reader
	PutEntry(context.Context, vault.Entry) (vault.Entry, error)
	DisableEntry(ctx context.Context, name, id string) error
	RetireEntries(ctx context.Context, name, keep string) error
}

// Keys are the vault's own keys; *vault.Keys is one.
type Keys interface {
	Create(ctx context.Context, name string) (vault.Key, error)
	Sign(ctx context.Context, name, version string, digest []byte, pss bool) ([]byte, error)
}

// Registration is the app registration; *graph.Client is one.
type Registration interface {
	Application(ctx context.Context, cred azcore.TokenCredential, app sam.AppID) (graph.Application, error)
	ReplaceKeys(ctx context.Context, cred azcore.TokenCredential, id string, keys []graph.KeyCredential) error
	AddPassword(ctx context.Context, cred azcore.TokenCredential, id, name string, ends time.Time) (graph.PasswordCredential, error)
	RemovePassword(ctx context.Context, cred azcore.TokenCredential, id, keyID string) error
}

// SignIn gets tokens of the app itself; *entra.Client is one.
type SignIn interface {
	AppToken(context.Context, entra.AppRequest) (entra.Tokens, error)
}

// Ledger is what is read and written down; *ledger.Ledger is one.
type Ledger interface {
	Credential(ctx context.Context, name string) (ledger.Credential, error)
	PutCredential(context.Context, ledger.Credential) error
	Record(context.Context, ledger.Audit) error
}

// Lease is one named lock in our hands; *lease.Lease is one.
type Lease interface {
	Renew(context.Context) error
	Release(context.Context) error
}

// Locker hands out leases; it fails with lease.ErrHeld when somebody else has
// the name.
type Locker interface {
	Acquire(ctx context.Context, name string, ttl time.Duration) (Lease, error)
}

// BlobLocks is the Locker that a *lease.Locker is.
type BlobLocks struct{ *lease.Locker }

// Acquire implements Locker.
func (b BlobLocks) Acquire(ctx context.Context, name string, ttl time.Duration) (Lease, error) {
	l, err := b.Locker.Acquire(ctx, name, ttl)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Kind is what sort of credential it is.
type Kind string

// The kinds that are kept in the vault.
const (
	Certificate Kind = "certificate"
	Secret      Kind = "secret"
)

// Credential is one credential to look after.
type Credential struct {
	Kind Kind
	Name string // of the vault's secret; its candidate is NAME-next
	// InVault keeps the key of a certificate in Key Vault for good: it signs
	// there, and cannot be exported.
	InVault bool
}

// next is the name of the candidate's place.
func (c Credential) next() string { return c.Name + "-next" }

// Deps are the values and neighbours of a Keeper.
type Deps struct {
	Cloud    cloud.Cloud
	App      sam.AppID
	Tenant   sam.TenantID // of the app registration
	VaultURL string       // part of the mark

	Credentials []Credential
	// Managed renews them; otherwise they are watched, and a person is told
	// when one is about to end.
	Managed bool

	Vault        Vault
	Keys         Keys
	Registration Registration
	SignIn       SignIn
	Ledger       Ledger
	Locks        Locker

	// Raise tells a person of a credential that needs one; c.Problem says why.
	// It is called once per problem, again only if it failed. nil means one
	// error line in the default log.
	Raise func(ctx context.Context, c ledger.Credential) error
	// NewKey makes the key of a certificate; nil means RSA of 2048 bits.
	NewKey func() (*rsa.PrivateKey, error)
	Now    func() time.Time // nil means time.Now
}

// Keeper renews the app's credentials. It is safe for concurrent use, also by
// several processes at once.
type Keeper struct{ Deps }

// New makes a Keeper.
func New(d Deps) *Keeper {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Raise == nil {
		d.Raise = logRaised
	}
	if d.NewKey == nil {
		d.NewKey = func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, minKeyBits) }
	}
	return &Keeper{d}
}

func logRaised(ctx context.Context, c ledger.Credential) error {
	slog.ErrorContext(ctx, "the app's credential needs a person",
		slog.String("credential", c.Name), slog.String("class", string(c.Problem.Class)),
		slog.String("code", c.Problem.Code), slog.String("problem", c.Problem.Plain), slog.String("fix", c.Problem.Fix))
	return nil
}

// Mark is the display name of what one app makes on the registration: the same
// for the same vault and credential, and no other.
func Mark(vaultURL, name string) string {
	sum := sha256.Sum256([]byte(vaultURL + "\n" + name))
	return "samkeeper-" + hex.EncodeToString(sum[:6])
}
