package timer_test

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/samkeeper/samkeeper/funchost/schedule"
	"github.com/samkeeper/samkeeper/funchost/timer"
	"github.com/samkeeper/samkeeper/localworld/azurite"
)

func TestMain(m *testing.M) {
	code := m.Run()
	azurite.StopShared()
	os.Exit(code)
}

func hosts(t *testing.T) *container.Client {
	t.Helper()
	c, err := container.NewClientFromConnectionString(azurite.ForTest(t).ConnectionString(), timer.Container, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestBlobStatus(t *testing.T) {
	t.Parallel()
	c := hosts(t)
	store := timer.NewBlobStatus(c, "host", "F")
	if got, err := store.Load(t.Context()); got != nil || err != nil {
		t.Fatalf("no container: %v, %v", got, err)
	}
	if _, err := c.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Load(t.Context()); got != nil || err != nil {
		t.Fatalf("no blob: %v, %v", got, err)
	}
	want := schedule.Status{Next: time.Date(2026, 11, 21, 22, 0, 0, 0, time.UTC)}
	if err := store.Save(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Load(t.Context()); err != nil || *got != want {
		t.Errorf("%v, %v", got, err)
	}
}

func TestOnlyOneHolderFires(t *testing.T) {
	t.Parallel()
	c := hosts(t)
	if _, err := c.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	everySecond, err := schedule.Parse("* * * * * *")
	if err != nil {
		t.Fatal(err)
	}
	fired := make(chan string, 100)
	listen := func(ctx context.Context, name string) {
		lock, err := timer.NewLock(c, "host", "F")
		if err != nil {
			t.Error(err)
			return
		}
		timer.Listen(ctx, t.Context(), timer.Config{
			Function: "F", Schedule: everySecond, Lock: lock, Now: time.Now, Log: slog.New(slog.DiscardHandler),
			Fire: func(context.Context, timer.Run) { fired <- name },
		})
	}
	first, stopFirst := context.WithCancel(t.Context())
	firstDone := make(chan struct{})
	go func() { defer close(firstDone); listen(first, "first") }()
	if got := <-fired; got != "first" {
		t.Fatal(got)
	}
	second, stopSecond := context.WithTimeout(t.Context(), 2500*time.Millisecond)
	defer stopSecond()
	listen(second, "second") // never gets the lock
	stopFirst()
	<-firstDone
	close(fired)
	for got := range fired {
		if got != "first" {
			t.Error("two hosts fired the same timer")
		}
	}
	third, stopThird := context.WithCancel(t.Context())
	fired = make(chan string, 100)
	thirdDone := make(chan struct{})
	go func() { defer close(thirdDone); listen(third, "third") }()
	select {
	case <-fired: // the first released its lock when it stopped
	case <-time.After(20 * time.Second):
		t.Error("the lock was not released")
	}
	stopThird()
	<-thirdDone
}
