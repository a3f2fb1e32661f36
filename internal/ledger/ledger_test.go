package ledger_test

import (
	"testing"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/storage"
	"github.com/samkeeper/samkeeper/localworld/azurite"
)

// account opens an emulated storage account of the test's own.
func account(t *testing.T) *storage.Clients {
	t.Helper()
	clients, err := storage.New(storage.Config{ConnectionString: azurite.ForTest(t).ConnectionString()})
	if err != nil {
		t.Fatal(err)
	}
	if err := clients.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return clients
}

func TestLedger(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, onTables)
}

// onTables is a ledger over empty tables.
func onTables(t *testing.T) ledgertest.Store {
	t.Helper()
	return ledger.New(account(t).Table, nil)
}
