package timer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/samkeeper/samkeeper/funchost/schedule"
)

// Container is where the host keeps its own blobs.
const Container = "azure-webjobs-hosts"

// statusLimit bounds what is read back; a status is some 150 bytes.
const statusLimit = 64 << 10

// BlobStatus keeps a timer's status where the host keeps it.
type BlobStatus struct{ blob *blockblob.Client }

// NewBlobStatus names the blob of a function; nothing is called yet.
func NewBlobStatus(c *container.Client, hostID, function string) BlobStatus {
	return BlobStatus{c.NewBlockBlobClient("timers/" + hostID + "/Host.Functions." + function + "/status")}
}

// Load reads the status; nil when there is none.
func (b BlobStatus) Load(ctx context.Context) (*schedule.Status, error) {
	response, err := b.blob.DownloadStream(ctx, nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound, bloberror.ContainerNotFound) {
		return nil, nil //nolint:nilnil // the interface says so
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", b.blob.URL(), err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(response.Body, statusLimit))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", b.blob.URL(), err)
	}
	var status schedule.Status
	if err := json.Unmarshal(raw, &status); err != nil {
		return nil, fmt.Errorf("reading %s: %w", b.blob.URL(), err)
	}
	return &status, nil
}

// Save writes the status.
func (b BlobStatus) Save(ctx context.Context, status schedule.Status) error {
	raw, err := json.Marshal(status)
	if err != nil {
		return err
	}
	if _, err := b.blob.Upload(ctx, nopCloser{bytes.NewReader(raw)}, nil); err != nil {
		return fmt.Errorf("writing %s: %w", b.blob.URL(), err)
	}
	return nil
}

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }
