package timer

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
)

// The host's numbers for a singleton listener.
const (
	leaseSeconds  = 60
	renewInterval = 30 * time.Second
	retryInterval = 60 * time.Second
	releaseLimit  = 10 * time.Second
)

// Lock lets one host of several fire a timer. It is for one holder at a time.
type Lock struct {
	name  string
	blob  *blockblob.Client
	lease *lease.BlobClient
}

// NewLock names the lock of a function; nothing is called yet.
func NewLock(c *container.Client, hostID, function string) (*Lock, error) {
	name := "locks/" + hostID + "/Host.Functions." + function + ".Listener"
	client := c.NewBlockBlobClient(name)
	leases, err := lease.NewBlobClient(client, nil)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return &Lock{name: name, blob: client, lease: leases}, nil
}

// hold waits for the lock, trying once a minute, and returns a context that
// ends when the lock is lost or the given one ends, and the release, which must
// be called. It returns nil when the given context ended first.
func (l *Lock) hold(ctx context.Context, log *slog.Logger) (held context.Context, release func()) {
	for {
		err := l.acquire(ctx)
		if err == nil {
			return l.keep(ctx, log)
		}
		if ctx.Err() == nil && !bloberror.HasCode(err, bloberror.LeaseAlreadyPresent) {
			log.ErrorContext(ctx, "acquiring a timer's lock failed", slog.String("lock", l.name), slog.Any("error", err))
		} else if ctx.Err() == nil {
			log.InfoContext(ctx, "another host holds the timer's lock", slog.String("lock", l.name))
		}
		timer := time.NewTimer(retryInterval)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, nil
		}
	}
}

// acquire leases the blob and makes it first when it is missing.
func (l *Lock) acquire(ctx context.Context) error {
	_, err := l.lease.AcquireLease(ctx, leaseSeconds, nil)
	if !bloberror.HasCode(err, bloberror.BlobNotFound) {
		return err
	}
	_, err = l.blob.Upload(ctx, nopCloser{bytes.NewReader(nil)}, &blockblob.UploadOptions{
		AccessConditions: &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}},
	})
	if err != nil && !bloberror.HasCode(err, bloberror.BlobAlreadyExists, bloberror.LeaseIDMissing) {
		return err
	}
	_, err = l.lease.AcquireLease(ctx, leaseSeconds, nil)
	return err
}

// keep renews the lease on a goroutine that ends with the release.
func (l *Lock) keep(ctx context.Context, log *slog.Logger) (held context.Context, release func()) {
	held, lose := context.WithCancel(ctx)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(renewInterval)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			if _, err := l.lease.RenewLease(context.WithoutCancel(ctx), nil); err != nil {
				log.ErrorContext(ctx, "a timer's lock is lost", slog.String("lock", l.name), slog.Any("error", err))
				lose()
				return
			}
		}
	}()
	return held, func() {
		close(stop)
		<-stopped
		lose()
		l.release(ctx, log)
	}
}

func (l *Lock) release(ctx context.Context, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseLimit)
	defer cancel()
	if _, err := l.lease.ReleaseLease(ctx, nil); err != nil {
		log.WarnContext(ctx, "releasing a timer's lock failed", slog.String("lock", l.name), slog.Any("error", err))
	}
}
