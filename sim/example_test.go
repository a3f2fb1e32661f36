package sim_test

import (
	"context"
	"fmt"

	"github.com/samkeeper/samkeeper/sim"
)

// A simulated cloud with 25 customers, on free loopback ports.
func ExampleStart() {
	cloud, err := sim.Start(context.Background(), sim.Options{Customers: 25, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cloud.Stop()
	res, err := cloud.HTTPClient().Get(cloud.VaultURL + "/secrets/app-secret?api-version=7.4")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	fmt.Println(res.Status, res.Header.Get("WWW-Authenticate"))
	// Output:
	// 401 Unauthorized Bearer authorization="https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111", resource="https://vault.azure.net"
}
