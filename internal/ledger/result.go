package ledger

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// maxResult bounds a result document, unpacked.
const maxResult = 64 << 20

// ResultStore keeps the last good raw document of each customer and task as
// the blob <customer>/<task>.json.gz. It is safe for concurrent use; the last
// writer wins.
type ResultStore struct{ blobs *container.Client }

// NewResultStore keeps results in the container, which must exist.
func NewResultStore(c *container.Client) *ResultStore { return &ResultStore{c} }

// PutResult stores a JSON document of at most 64 MiB over the one before.
func (s *ResultStore) PutResult(ctx context.Context, customer sam.CustomerID, task string, doc []byte) error {
	if len(doc) > maxResult {
		return fmt.Errorf("put result %s of customer %s: %d bytes are more than %d", task, customer, len(doc), maxResult)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(doc); err != nil {
		return fmt.Errorf("put result %s of customer %s: %w", task, customer, err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("put result %s of customer %s: %w", task, customer, err)
	}
	contentType := "application/gzip" // not content encoding: some readers would unpack it unasked
	_, err := s.client(customer, task).UploadBuffer(ctx, packed.Bytes(), &blockblob.UploadBufferOptions{
		HTTPHeaders: &blob.HTTPHeaders{BlobContentType: &contentType},
	})
	if err != nil {
		return fmt.Errorf("put result %s of customer %s: %w", task, customer, err)
	}
	return nil
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

func (s *ResultStore) client(customer sam.CustomerID, task string) *blockblob.Client {
	return s.blobs.NewBlockBlobClient(string(customer) + "/" + task + ".json.gz")
}
