package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/storage"
	"github.com/samkeeper/samkeeper/localworld/azurite"
	"github.com/samkeeper/samkeeper/sim/simtest"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const (
	alice = sam.CustomerID("a0000000-0000-4000-8000-000000000001")
	bob   = sam.CustomerID("b0000000-0000-4000-8000-000000000002")
)

func TestResults(t *testing.T) {
	t.Parallel()
	clients := account(t)
	results := ledger.NewResultStore(clients.Container(storage.ContainerResults))
	if _, err := results.Result(t.Context(), alice, "health"); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("before: error %v, want ErrAbsent", err)
	}
	doc := bytes.Repeat([]byte(`{"state":"Unavailable"},`), 10_000)
	for i, want := range [][]byte{doc, []byte(`[]`)} {
		if err := results.PutResult(t.Context(), alice, "health", want, noon.Add(time.Duration(i))); err != nil {
			t.Fatal(err)
		}
		have, err := results.Result(t.Context(), alice, "health")
		if err != nil || !bytes.Equal(want, have) {
			t.Errorf("%d bytes back of %d, error %v", len(have), len(want), err)
		}
	}
	if _, err := results.Result(t.Context(), bob, "health"); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("another customer: error %v, want ErrAbsent", err)
	}
}

func TestResultIsPackedAndInItsPlace(t *testing.T) {
	t.Parallel()
	box := account(t).Container(storage.ContainerResults)
	doc := bytes.Repeat([]byte(" "), 1<<20)
	if err := ledger.NewResultStore(box).PutResult(t.Context(), alice, "alerts", doc, noon); err != nil {
		t.Fatal(err)
	}
	props, err := box.NewBlobClient(string(alice)+"/alerts.json.gz").GetProperties(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if *props.ContentLength > 1<<14 || *props.ContentType != "application/gzip" {
		t.Errorf("%d bytes of %s", *props.ContentLength, *props.ContentType)
	}
}

// TestAnOlderResultNeverTakesTheNewersPlace: a job that was delivered twice may
// write late what it saw early.
func TestAnOlderResultNeverTakesTheNewersPlace(t *testing.T) {
	t.Parallel()
	for name, account := range map[string]string{"azurite": azurite.ForTest(t).ConnectionString(), "simulated": simtest.Storage(t).ConnectionString()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box := opened(t, account).Container(storage.ContainerResults)
			var all sync.WaitGroup
			const writers = 12
			for i := range writers {
				results := ledger.NewResultStore(box)
				all.Go(func() {
					for _, n := range []int{(i * 5) % writers, i} { // each time twice, in two orders
						if err := results.PutResult(t.Context(), alice, "health", fmt.Append(nil, n), noon.Add(time.Duration(n)*time.Second)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			results := ledger.NewResultStore(box)
			for _, late := range []int{3, writers - 1} {
				if err := results.PutResult(t.Context(), alice, "health", []byte(`"late"`), noon.Add(time.Duration(late)*time.Second)); err != nil {
					t.Error(err)
				}
			}
			if have, err := results.Result(t.Context(), alice, "health"); err != nil || string(have) != fmt.Sprint(writers-1) {
				t.Errorf("document %s, %v: want the newest", have, err)
			}
		})
	}
}

func TestResultThatIsNoGzip(t *testing.T) {
	t.Parallel()
	box := account(t).Container(storage.ContainerResults)
	if _, err := box.NewBlockBlobClient(string(alice)+"/alerts.json.gz").UploadBuffer(t.Context(), []byte("{}"), nil); err != nil {
		t.Fatal(err)
	}
	if doc, err := ledger.NewResultStore(box).Result(t.Context(), alice, "alerts"); err == nil || errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("document %q, error %v", doc, err)
	}
}

func TestTooLargeResult(t *testing.T) {
	t.Parallel()
	results := ledger.NewResultStore(account(t).Container(storage.ContainerResults))
	if err := results.PutResult(t.Context(), alice, "alerts", make([]byte, 64<<20+1), noon); err == nil {
		t.Error("no error")
	}
}

func TestResultsOfACustomerAreForgotten(t *testing.T) {
	t.Parallel()
	results := ledger.NewResultStore(account(t).Container(storage.ContainerResults))
	for _, c := range []sam.CustomerID{alice, bob} {
		for _, task := range []string{"health", "alerts"} {
			check(t, results.PutResult(t.Context(), c, task, []byte("[]"), noon))
		}
	}
	for range 2 {
		check(t, results.ForgetResults(t.Context(), alice))
	}
	for _, task := range []string{"health", "alerts"} {
		if _, err := results.Result(t.Context(), alice, task); !errors.Is(err, ledger.ErrAbsent) {
			t.Errorf("%s of the forgotten customer: %v", task, err)
		}
		if _, err := results.Result(t.Context(), bob, task); err != nil {
			t.Errorf("%s of another customer: %v", task, err)
		}
	}
}

// A document where none lies, or an old one, takes one request; one that was
// written lately is looked at first.
func TestResultIsWrittenWithoutReadingWhereThatIsSafe(t *testing.T) {
	t.Parallel()
	account := simtest.Storage(t)
	results := ledger.NewResultStore(opened(t, account.ConnectionString()).Container(storage.ContainerResults))
	for i, want := range []int64{0, 1} {
		if err := results.PutResult(t.Context(), alice, "health", []byte(`[]`), time.Now()); err != nil {
			t.Fatal(err)
		}
		if have := account.Requests()["blob HEAD results"]; have != want {
			t.Errorf("write %d: %d documents looked at, want %d", i+1, have, want)
		}
	}
}
