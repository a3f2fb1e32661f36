//go:build unix

package azurite_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"

	"github.com/samkeeper/samkeeper/localworld/azurite"
)

// parentRole makes this test binary a program that starts Azurite, prints
// node's process id and waits to be killed.
const parentRole = "SAMKEEPER_AZURITE_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentRole) != "" {
		a, err := azurite.Start(context.Background(), azurite.Options{})
		if err != nil {
			panic(err)
		}
		println(a.PID())
		<-a.Done()
		os.Exit(1)
	}
	code := m.Run()
	azurite.StopShared()
	os.Exit(code)
}

func TestServicesAnswerTheRealClients(t *testing.T) {
	t.Parallel()
	a := azurite.ForTest(t)
	ctx := t.Context()

	queues, err := azqueue.NewServiceClientFromConnectionString(a.ConnectionString(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := queues.CreateQueue(ctx, "work", nil); err != nil {
		t.Error("queue:", err)
	}
	blobs, err := azblob.NewClientFromConnectionString(a.ConnectionString(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.CreateContainer(ctx, "leases", nil); err != nil {
		t.Error("blob:", err)
	}
	tables, err := aztables.NewServiceClientFromConnectionString(a.ConnectionString(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tables.CreateTable(ctx, "Runs", nil); err != nil {
		t.Error("table:", err)
	}
}

func TestEveryTestHasItsOwnAccount(t *testing.T) {
	t.Parallel()
	for range 2 { // the second creation would be 409 in the same account
		a := azurite.ForTest(t)
		blobs, err := azblob.NewClientFromConnectionString(a.ConnectionString(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := blobs.CreateContainer(t.Context(), "same", nil); err != nil {

			t.Fatal(a.Account(), err)
		}
	}
}

func TestStopEndsNode(t *testing.T) {
	t.Parallel()
	azurite.ForTest(t) // installs, or skips
	a, err := azurite.Start(t.Context(), azurite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a.Stop()
	a.Stop()
	if err := syscall.Kill(a.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("node %d after Stop: %v", a.PID(), err)
	}
}

func TestDeadParentLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	azurite.ForTest(t)
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), parentRole+"=1")
	stderr, err := parent.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stderr).ReadString('\n')
	pid, convErr := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || convErr != nil {
		t.Fatalf("the parent said %q, not node's process id", line)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	awaitGone(t, pid)
}

// awaitGone polls until the process has ended; a zombie counts as ended.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if errors.Is(err, os.ErrNotExist) || strings.Contains(string(stat), ") Z ") {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("node %d still runs", pid)
		case <-tick.C:
		}
	}
}

func TestStartSaysWhyItFailed(t *testing.T) {
	t.Parallel()
	azurite.ForTest(t)
	dir := t.TempDir() // nothing installed here
	if a, err := azurite.Start(t.Context(), azurite.Options{Dir: dir}); err == nil {
		a.Stop()
		t.Fatal("started from an empty folder")
	} else if !strings.Contains(err.Error(), "node ended") {
		t.Error(err)
	}
}
