package chaos

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
)

// containerResults holds the results, "<customer>/<task>.json.gz".
const containerResults = "results"

// resultBook watches every result that takes effect. It is safe for concurrent
// use.
type resultBook struct {
	mu      sync.Mutex
	newest  map[string]time.Time // by name: when its observation began
	stored  int
	regress []string // an older one over a newer one
}

func newResultBook() *resultBook { return &resultBook{newest: map[string]time.Time{}} }

// note is told of every blob in the order in which they take effect.
func (b *resultBook) note(container, name string, metadata map[string]string) {
	if container != containerResults {
		return
	}
	at, err := time.Parse(time.RFC3339Nano, metadata["observed"])
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stored++
	switch last := b.newest[name]; {
	case err != nil:
		b.regress = append(b.regress, name+": it does not say when it was observed")
	case at.Before(last):
		b.regress = append(b.regress, fmt.Sprintf("%s: of %s over one of %s", name, at.Format(time.RFC3339Nano), last.Format(time.RFC3339Nano)))
	default:
		b.newest[name] = at
	}
}

// seen is how many results took effect and what was wrong with their order.
func (b *resultBook) seen() (int, []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stored, b.regress
}

// subscriptionNames are the names in a customer's last result of the task
// subscriptions; false when there is none.
func (s *store) subscriptionNames(ctx context.Context, customer string) ([]string, bool, error) {
	answer, err := s.blobs.DownloadStream(ctx, containerResults, customer+"/subscriptions.json.gz", nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("reading a result of customer %s: %w", customer, err)
	}
	defer answer.Body.Close()
	packed, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, false, fmt.Errorf("reading a result of customer %s: %w", customer, err)
	}
	var doc struct {
		Subscriptions []struct {
			Name string `json:"name"`
		} `json:"subscriptions"`
	}
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		err = errors.Join(json.NewDecoder(plain).Decode(&doc), plain.Close())
	}
	if err != nil {
		return nil, false, fmt.Errorf("unpacking a result of customer %s: %w", customer, err)
	}
	names := make([]string, len(doc.Subscriptions))
	for i, s := range doc.Subscriptions {
		names[i] = s.Name
	}
	return names, true, nil
}

// stale tells what is wrong with a customer's last result, "" for nothing: it
// must show the last state of the world.
func stale(customer string, names []string, found bool, n int) string {
	if !found {
		return customer + ": there is no result of subscriptions"
	}
	for _, name := range names {
		if !strings.HasSuffix(name, mark(n)) {
			return fmt.Sprintf("%s: the result shows %q, which is not of sweep %d", customer, name, n)
		}
	}
	return ""
}
