package sim

import (
	"fmt"
	"net"
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

// Options says what to start. The zero value is a public cloud without
// customers, on free ports of 127.0.0.1.
type Options struct {
	Customers int           // how many customers the partner has
	Seed      uint64        // same seed, same customers
	Cloud     string        // "public" (default), "usgov", "china"
	Shares    *world.Shares // nil: world.DefaultShares
	Start     time.Time     // where the virtual clock begins; zero: now
	PortBase  int           // ports PortBase+1 to +7; 0: free ones
	Address   string        // loopback address to listen on; default 127.0.0.1
	CAFile    string        // where to write the CA certificate; empty: nowhere

	PublishedLimits bool // all services refuse too many requests; see package limits
}

// IdentityHeader is what callers of the managed-identity endpoint must present.
const IdentityHeader = "simulated-identity-header"

func (o Options) validate() error {
	if ip := net.ParseIP(o.address()); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("the simulator listens on loopback only, not on %q", o.Address)
	}
	if _, ok := world.LookupCloud(o.Cloud); !ok {
		return fmt.Errorf("unknown cloud %q", o.Cloud)
	}
	if o.Customers < 0 || o.Customers > 10_000 {
		return fmt.Errorf("customers must be 0 to 10,000, not %d", o.Customers)
	}
	if o.PortBase < 0 || o.PortBase > 65_000 {
		return fmt.Errorf("port base must be 0 to 65,000, not %d", o.PortBase)
	}
	return nil
}

func (o Options) address() string {
	if o.Address == "" {
		return "127.0.0.1"
	}
	return o.Address
}

func (o Options) world() world.Config {
	shares := world.DefaultShares()
	if o.Shares != nil {
		shares = *o.Shares
	}
	return world.Config{Seed: o.Seed, Customers: o.Customers, Cloud: o.Cloud, Shares: shares, Start: o.Start}
}
