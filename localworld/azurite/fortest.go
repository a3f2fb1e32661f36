package azurite

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
)

// shared is the one Azurite of a test binary. It lives until StopShared or the
// end of the process, which node notices.
var shared struct {
	once     sync.Once
	server   *Azurite
	err      error
	accounts atomic.Int64
}

// ForTest returns a storage account of the test's own in the Azurite that all
// tests of the binary share; the first call installs and starts it. Do not
// Stop it. It skips the test where node or npm is missing.
func ForTest(tb testing.TB) *Azurite {
	tb.Helper()
	shared.once.Do(func() { shared.server, shared.err = startShared() })
	if errors.Is(shared.err, ErrNoNode) {
		tb.Skip("this test needs Azurite:", shared.err)
	}
	if shared.err != nil {
		tb.Fatal("this test needs Azurite:", shared.err)
	}
	n := int(shared.accounts.Add(1)) - 1
	if n >= testAccounts {
		tb.Fatalf("more than %d tests asked for a storage account in one run", testAccounts)
	}
	return shared.server.withAccount(testAccount(n))
}

// StopShared ends the Azurite of ForTest, for a TestMain that wants no process
// left a moment longer than needed. Without a ForTest call it does nothing.
func StopShared() {
	shared.once.Do(func() { shared.err = errors.New("already stopped") })
	if shared.server != nil {
		shared.server.Stop()
	}
}

func startShared() (*Azurite, error) {
	ctx := context.Background() // it outlives the test that happens to be first
	if err := Install(ctx, os.Stderr); err != nil {
		return nil, err
	}
	return Start(ctx, Options{Accounts: testAccounts})
}
