package simtest

import (
	"testing"

	"github.com/samkeeper/samkeeper/sim/storage"
)

// Storage starts a storage account that ends with the test, without faults.
func Storage(tb testing.TB) *storage.Server {
	tb.Helper()
	server, err := storage.Start(tb.Context(), storage.Options{})
	if err != nil {
		tb.Fatalf("start the storage account: %v", err)
	}
	tb.Cleanup(server.Stop)
	return server
}
