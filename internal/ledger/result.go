package ledger

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// maxResult bounds a result document, unpacked.
const maxResult = 64 << 20

// observed is the metadata of a result that says when its observation began.
const observed = "observed"

// clockDoubt is how far the storage's clock may be behind ours. A document that
// was written so long before an observation began is older than it for sure, so
// that the service can be asked to write over no other: one request, in place
// of two, for all but repeated sweeps.
const clockDoubt = 5 * time.Minute

// ResultStore keeps the last good raw document of each customer and task as
// the blob <customer>/<task>.json.gz. It is safe for concurrent use, by many
// processes at once: a document never takes the place of a newer one.
type ResultStore struct{ blobs *container.Client }

// NewResultStore keeps results in the container, which must exist.
func NewResultStore(c *container.Client) *ResultStore { return &ResultStore{c} }

// PutResult stores a JSON document of at most 64 MiB over an older one. at is
// when its observation began; where a document of that time or a later one lies
// already, nothing is changed and nil returned: the record is better.
func (s *ResultStore) PutResult(ctx context.Context, customer sam.CustomerID, task string, doc []byte, at time.Time) error {
	if len(doc) > maxResult {
		return fmt.Errorf("put result %s of customer %s: %d bytes are more than %d", task, customer, len(doc), maxResult)
	}
	packed, err := pack(doc)
	if err != nil {
		return fmt.Errorf("put result %s of customer %s: %w", task, customer, err)
	}
	client := s.client(customer, task)
	if !at.After(time.Now()) { // an observation of the future says nothing about what was written
		err = upload(ctx, client, packed, utc(at), &blob.ModifiedAccessConditions{IfUnmodifiedSince: to.Ptr(utc(at).Add(-clockDoubt))})
		if !bloberror.HasCode(err, bloberror.ConditionNotMet) {
			return s.failed(customer, task, err)
		}
	}
	for range maxAttempts {
		if err = s.put(ctx, client, packed, utc(at)); err == nil {
			return nil
		}
		if !bloberror.HasCode(err, bloberror.ConditionNotMet, bloberror.BlobAlreadyExists, bloberror.TargetConditionNotMet) {
			return s.failed(customer, task, err)
		}
	}
	return s.failed(customer, task, ErrBusy)
}

func (s *ResultStore) failed(customer sam.CustomerID, task string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("put result %s of customer %s: %w", task, customer, err)
}

// packers are gzip writers to use again: a new one costs 800 KiB, which was half
// of all the memory a sweep went through. The fastest level makes documents of
// this kind a tenth larger and takes a third of the time.
var packers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails for unknown levels only
	return z
}}

func pack(doc []byte) ([]byte, error) {
	var packed bytes.Buffer
	z := packers.Get().(*gzip.Writer)
	defer packers.Put(z)
	z.Reset(&packed)
	_, err := z.Write(doc)
	err = errors.Join(err, z.Close())
	return packed.Bytes(), err
}

// put looks at what lies there, decides, and writes over that version alone: for
// documents that were written lately.
func (s *ResultStore) put(ctx context.Context, client *blockblob.Client, packed []byte, at time.Time) error {
	over := &blob.ModifiedAccessConditions{}
	have, err := client.GetProperties(ctx, nil)
	switch {
	case bloberror.HasCode(err, bloberror.BlobNotFound):
		over.IfNoneMatch = to.Ptr(azcore.ETagAny)
	case err != nil:
		return err
	case !observedAt(have.Metadata).Before(at):
		return nil
	default:
		over.IfMatch = have.ETag
	}
	return upload(ctx, client, packed, at, over)
}

func upload(ctx context.Context, client *blockblob.Client, packed []byte, at time.Time, over *blob.ModifiedAccessConditions) error {
	_, err := client.UploadBuffer(ctx, packed, &blockblob.UploadBufferOptions{
		// Not a content encoding: some readers would unpack it unasked.
		HTTPHeaders:      &blob.HTTPHeaders{BlobContentType: to.Ptr("application/gzip")},
		Metadata:         map[string]*string{observed: to.Ptr(at.Format(time.RFC3339Nano))},
		AccessConditions: &blob.AccessConditions{ModifiedAccessConditions: over},
	})
	return err
}

// observedAt reads the metadata, whose names come back in any case; the zero
// time for documents of versions that did not write it.
func observedAt(metadata map[string]*string) time.Time {
	for name, value := range metadata {
		if strings.EqualFold(name, observed) && value != nil {
			at, _ := time.Parse(time.RFC3339Nano, *value) // what is unreadable is old
			return at
		}
	}
	return time.Time{}
}

// Result reads the last document of a customer and task, or ErrAbsent.
func (s *ResultStore) Result(ctx context.Context, customer sam.CustomerID, task string) ([]byte, error) {
	doc, err := s.result(ctx, customer, task)
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		err = ErrAbsent
	}
	if err != nil {
		return nil, fmt.Errorf("result %s of customer %s: %w", task, customer, err)
	}
	return doc, nil
}

func (s *ResultStore) result(ctx context.Context, customer sam.CustomerID, task string) (doc []byte, err error) {
	resp, err := s.client(customer, task).DownloadStream(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		return nil, err
	}
	doc, err = io.ReadAll(io.LimitReader(z, maxResult+1))
	if err == nil && len(doc) > maxResult {
		err = fmt.Errorf("unpacks to more than %d bytes", maxResult)
	}
	return doc, err
}

// ForgetResults removes all documents of a customer. Doing it again is no error.
func (s *ResultStore) ForgetResults(ctx context.Context, customer sam.CustomerID) error {
	prefix := string(customer) + "/"
	for pager := s.blobs.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: &prefix}); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list the results of customer %s: %w", customer, err)
		}
		for _, item := range page.Segment.BlobItems {
			_, err := s.blobs.NewBlobClient(*item.Name).Delete(ctx, nil)
			if err != nil && !bloberror.HasCode(err, bloberror.BlobNotFound) {
				return fmt.Errorf("forget a result of customer %s: %w", customer, err)
			}
		}
	}
	return nil
}

func (s *ResultStore) client(customer sam.CustomerID, task string) *blockblob.Client {
	return s.blobs.NewBlockBlobClient(string(customer) + "/" + task + ".json.gz")
}
