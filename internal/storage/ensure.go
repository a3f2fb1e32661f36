package storage

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"golang.org/x/sync/errgroup"
)

// Everything the service keeps its state in.
var (
	queueNames     = []string{QueueCustomerJobs, QueuePoison, QueueFindings}
	containerNames = []string{ContainerLeases, ContainerResults}
	tableNames     = []string{
		TableConnections, TableCustomers, TableRuns, TableOutcomes,
		TableFindings, TableAudit, TableConsentStates, TableThrottles,
	}
)

// Ensure creates every queue, table and container that is missing, all at
// once. It may be called by many processes at the same time and again.
func (c *Clients) Ensure(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	create := func(what, name string, act func(context.Context) error) {
		group.Go(func() error {
			if err := act(ctx); err != nil && !alreadyThere(err) {
				return fmt.Errorf("create %s %s: %w", what, name, err)
			}
			return nil
		})
	}
	for _, name := range queueNames {
		create("queue", name, func(ctx context.Context) error { _, err := c.Queue(name).Create(ctx, nil); return err })
	}
	for _, name := range tableNames {
		create("table", name, func(ctx context.Context) error { _, err := c.Table(name).CreateTable(ctx, nil); return err })
	}
	for _, name := range containerNames {
		create("container", name, func(ctx context.Context) error { _, err := c.Container(name).Create(ctx, nil); return err })
	}
	return group.Wait()
}

// alreadyThere tells the conflict that is welcome (TableAlreadyExists and its
// like) from others, such as an account that is still being created.
func alreadyThere(err error) bool {
	var resp *azcore.ResponseError
	return errors.As(err, &resp) && strings.HasSuffix(resp.ErrorCode, "AlreadyExists")
}
