package rotation

import (
	"context"
	"log/slog"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/lease"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// Redeemer exchanges a refresh token; *entra.Client is one. A repeated
// redemption is harmless: the old token stays valid.
type Redeemer interface {
	Redeem(context.Context, entra.RefreshRequest) (entra.Tokens, error)
}

// Vault is what rotation asks of the vault; *vault.Vault is one. It can write
// versions and disable them; it cannot delete, and that is on purpose.
type Vault interface {
	Current(context.Context, sam.ConnectionID) (vault.Version, error)
	Put(context.Context, vault.Version) (vault.Version, error)
	At(ctx context.Context, conn sam.ConnectionID, id string) (vault.Version, error)
	Versions(context.Context, sam.ConnectionID) ([]vault.Version, error)
	Disable(ctx context.Context, conn sam.ConnectionID, id string) error
	Connections(context.Context) ([]sam.ConnectionID, error)
}

// Ledger is what rotation reads and writes down; *ledger.Ledger is one.
type Ledger interface {
	Connection(context.Context, sam.ConnectionID) (ledger.Connection, error)
	Connections(context.Context) ([]ledger.Connection, error)
	PutConnection(context.Context, ledger.Connection) error
	ChangeConnection(context.Context, sam.ConnectionID, func(*ledger.Connection) bool) (bool, error)
	Record(context.Context, ledger.Audit) error
}

// Lease is one named lock in our hands; *lease.Lease is one.
type Lease interface {
	Renew(context.Context) error
	Release(context.Context) error
}

// Locker hands out leases; it fails with lease.ErrHeld when somebody else has
// the name. It may be used by several goroutines at once.
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

// PartnerCenter says whether it accepts a sign-in's second factor;
// *partnercenter.Client is one.
type PartnerCenter interface {
	MFACompliant(context.Context, azcore.TokenCredential) (bool, error)
}

// Deps are the values and neighbours of a Rotator.
type Deps struct {
	Cloud cloud.Cloud
	App   sam.AppID
	// ConsentURL is where a person signs in again; it goes into what a refused
	// connection says, with ?tenant=<its tenant>. "" leaves the address out.
	ConsentURL string

	Vault    Vault
	Ledger   Ledger
	Redeemer Redeemer
	Locks    Locker
	// PartnerCenter is asked once a day, with the token of the proof, what it
	// makes of a partner's sign-in. nil means nobody is asked.
	PartnerCenter PartnerCenter

	// Stored is told of each connection whose token was replaced, so that
	// caches let go of the old one. nil means nobody listens.
	Stored func(sam.ConnectionID)
	// Raise tells a person of a connection that needs one; c.Problem says why.
	// It is called once per problem, again only if it failed. nil means one
	// error line in the default log.
	Raise func(ctx context.Context, c ledger.Connection) error
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Rotator renews refresh tokens. It is safe for concurrent use, also by
// several processes at once.
type Rotator struct{ Deps }

// New makes a Rotator.
func New(d Deps) *Rotator {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Stored == nil {
		d.Stored = func(sam.ConnectionID) {}
	}
	if d.Raise == nil {
		d.Raise = logRaised
	}
	return &Rotator{d}
}

func logRaised(ctx context.Context, c ledger.Connection) error {
	slog.ErrorContext(ctx, "a connection needs a person",
		slog.String("connection_id", string(c.ID)),
		slog.String("class", string(c.Problem.Class)),
		slog.String("code", c.Problem.Code),
		slog.String("problem", c.Problem.Plain),
		slog.String("fix", c.Problem.Fix),
		slog.String("request_id", c.Problem.RequestID))
	return nil
}

// State is how the rotation of one connection ended.
type State string

// The states.
const (
	// Rotated: a new version is in the vault and was redeemed from there.
	Rotated State = "rotated"
	// NotDue: nothing to do yet.
	NotDue State = "not_due"
	// Held: somebody else is rotating this connection, or took over from us.
	Held State = "held"
	// Overtaken: a consent landed meanwhile; its token is the current one.
	Overtaken State = "overtaken"
	// Kept: the token works, but no new one came; the old one stays.
	Kept State = "kept"
	// Failed: see Err; the vault still holds what it held.
	Failed State = "failed"
)

// Result is what became of one connection.
type Result struct {
	Connection sam.ConnectionID
	State      State
	Reason     string    // why it was due or not, or what went wrong
	From, To   string    // vault versions before and after; To is "" unless Rotated
	Expires    time.Time // of the new version; zero unless Rotated
	Next       time.Time // earliest next attempt; zero if unknown
	// Err is the failure of a Failed rotation. On any other state it says that
	// the rotation itself is complete but could not be recorded in full.
	Err error
}

// Report is one sweep over all connections, ordered by connection.
type Report struct {
	At      time.Time
	Results []Result
}

// Count is how many connections ended in s.
func (r Report) Count(s State) int {
	n := 0
	for _, one := range r.Results {
		if one.State == s {
			n++
		}
	}
	return n
}
