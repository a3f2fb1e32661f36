package lease

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	bloblease "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
)

// Errors that callers test for.
var (
	// ErrHeld: somebody else holds the lock now. Nothing was waited for.
	ErrHeld = errors.New("the lock is held by somebody else")
	// ErrLost: the lock was held, ran out and was taken by somebody else.
	ErrLost = errors.New("the lock was lost")
	// ErrBadTerm: the term asked for is none that blob leases have.
	ErrBadTerm = errors.New("a lock lasts 15 to 60 seconds")
)

// The terms a blob lease can have.
const (
	MinTerm = 15 * time.Second
	MaxTerm = 60 * time.Second
)

// Locker hands out named locks, kept as leases on empty blobs. It is safe for
// concurrent use.
type Locker struct{ blobs *container.Client }

// New keeps the locks in the container, which must exist.
func New(c *container.Client) *Locker { return &Locker{c} }

// Acquire takes the lock for ttl (15 to 60 seconds, whole seconds) or returns
// ErrHeld at once. A lock that nobody has used before is created.
func (l *Locker) Acquire(ctx context.Context, name string, ttl time.Duration) (*Lease, error) {
	if ttl < MinTerm || ttl > MaxTerm {
		return nil, fmt.Errorf("acquire lock %s for %v: %w", name, ttl, ErrBadTerm)
	}
	b := l.blobs.NewBlockBlobClient(name)
	client, err := bloblease.NewBlobClient(b, nil) // makes a lease id, so that a repeated request is harmless
	if err != nil {
		return nil, fmt.Errorf("acquire lock %s: %w", name, err)
	}
	held := &Lease{name: name, ttl: ttl.Truncate(time.Second), client: client}
	err = held.acquire(ctx)
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		if err = create(ctx, b); err == nil {
			err = held.acquire(ctx)
		}
	}
	if bloberror.HasCode(err, bloberror.LeaseAlreadyPresent) {
		err = ErrHeld
	}
	if err != nil {
		return nil, fmt.Errorf("acquire lock %s: %w", name, err)
	}
	return held, nil
}

// create makes the empty blob; somebody else may have done so in between.
func create(ctx context.Context, b *blockblob.Client) error {
	_, err := b.UploadBuffer(ctx, nil, &blockblob.UploadBufferOptions{
		AccessConditions: &blob.AccessConditions{
			ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)},
		},
	})
	if bloberror.HasCode(err, bloberror.BlobAlreadyExists, bloberror.ConditionNotMet, bloberror.LeaseIDMissing) {
		return nil
	}
	return err
}

// Lease is a lock that is held. It is safe for concurrent use.
type Lease struct {
	name   string
	ttl    time.Duration
	client *bloblease.BlobClient

	mu      sync.Mutex
	expires time.Time
}

// Renew prolongs the lock by its full term, or returns ErrLost. A lock that ran
// out but was not taken by anybody is renewed as well.
func (l *Lease) Renew(ctx context.Context) error {
	sent := time.Now()
	_, err := l.client.RenewLease(ctx, nil)
	if lost(err) {
		err = ErrLost
	}
	if err != nil {
		return fmt.Errorf("renew lock %s: %w", l.name, err)
	}
	l.extend(sent)
	return nil
}

// Release gives the lock up. One that was lost before is no error: whoever has
// it now keeps it.
func (l *Lease) Release(ctx context.Context) error {
	if _, err := l.client.ReleaseLease(ctx, nil); err != nil && !lost(err) {
		return fmt.Errorf("release lock %s: %w", l.name, err)
	}
	return nil
}

// Expires is when the lock runs out unless renewed, by this machine's clock,
// counted from before the request was sent: never later than the service has
// it, as far as both clocks run equally fast.
func (l *Lease) Expires() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.expires
}

func (l *Lease) acquire(ctx context.Context) error {
	sent := time.Now()
	if _, err := l.client.AcquireLease(ctx, int32(l.ttl/time.Second), nil); err != nil {
		return err
	}
	l.extend(sent)
	return nil
}

func (l *Lease) extend(from time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expires = from.Add(l.ttl)
}

// lost: the service no longer knows the lock under our lease id.
func lost(err error) bool {
	return bloberror.HasCode(err,
		bloberror.LeaseIDMismatchWithLeaseOperation, bloberror.LeaseNotPresentWithLeaseOperation,
		bloberror.LeaseLost, bloberror.LeaseIsBrokenAndCannotBeRenewed, bloberror.BlobNotFound)
}
