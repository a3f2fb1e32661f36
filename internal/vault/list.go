package vault

import (
	"context"
	"slices"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// Versions lists all versions of a connection, newest first, without tokens. A
// connection that has none yields an empty list.
func (v *Vault) Versions(ctx context.Context, conn sam.ConnectionID) ([]Version, error) {
	var all []listed
	pages := v.client.NewListSecretPropertiesVersionsPager(SecretName(conn), nil)
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			if p := problem("list refresh tokens", conn.Tenant(), err); !isAbsent(p) {
				return nil, p
			}
			return nil, nil
		}
		for _, s := range page.Value {
			all = append(all, listed{describe(conn, s.ID, s.Attributes, s.Tags), storedAt(s.Tags)})
		}
	}
	return newestFirst(all), nil
}

// Connections lists the connections that have a refresh token, enabled or not,
// in the order of their ids.
func (v *Vault) Connections(ctx context.Context) ([]sam.ConnectionID, error) {
	var all []sam.ConnectionID
	pages := v.client.NewListSecretPropertiesPager(nil)
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, problem("list connections", "", err)
		}
		for _, s := range page.Value {
			if s.ID == nil {
				continue
			}
			if conn, ok := connectionOf(s.ID.Name()); ok {
				all = append(all, conn)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}
