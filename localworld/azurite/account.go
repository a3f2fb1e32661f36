package azurite

import (
	"fmt"
	"strings"
)

// Emulator credentials. They are public: Microsoft prints them in the
// documentation of the storage emulator, and every tool knows them.
const (
	// DefaultAccount is the account that UseDevelopmentStorage=true means.
	DefaultAccount = "devstoreaccount1"
	// AccountKey is the shared key (base64) of every account served here.
	AccountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// testAccounts bounds the tests (ForTest calls) of one test binary. All names
// and keys travel in one environment variable, which Linux limits to 128 KiB.
const testAccounts = 900

// testAccount names the account of the n-th test, counted from 0.
func testAccount(n int) string { return fmt.Sprintf("samtest%d", n) }

// accountsSetting is the value of AZURITE_ACCOUNTS: name:key pairs.
func accountsSetting(extra int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%s", DefaultAccount, AccountKey)
	for n := range extra {
		fmt.Fprintf(&b, ";%s:%s", testAccount(n), AccountKey)
	}
	return b.String()
}
