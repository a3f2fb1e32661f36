package access

import (
	"context"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// bookLife is how long the books of a connection are believed. A sweep reads
// them a few times; what a person has just mended is seen minutes later.
const bookLife = 5 * time.Minute

// Books is what is read in the partner tenant; *graph.Client is one.
type Books interface {
	DelegatedAdminRelationships(ctx context.Context, cred azcore.TokenCredential) ([]graph.Relationship, error)
	AccessAssignments(ctx context.Context, cred azcore.TokenCredential, relationship string) ([]graph.Assignment, error)
	MyGroups(ctx context.Context, cred azcore.TokenCredential) ([]graph.Group, error)
}

// partner is what is the same for all customers of a connection. It is never
// changed once read.
type partner struct {
	relations      map[sam.CustomerID][]Relation
	relationsKnown bool
	groups         []Group
	groupsKnown    bool
}

// readBooks reads both books; one that may not be read is left unknown.
func readBooks(ctx context.Context, books Books, conn sam.ConnectionID, cred azcore.TokenCredential) (*partner, error) {
	p := &partner{relations: map[sam.CustomerID][]Relation{}}
	related, err := books.DelegatedAdminRelationships(ctx, cred)
	if p.relationsKnown, err = readable(err); err != nil {
		return nil, fmt.Errorf("relationships of connection %s: %w", conn, err)
	}
	for _, r := range related {
		if id, err := sam.ParseCustomerID(r.Customer.TenantID); err == nil {
			p.relations[id] = append(p.relations[id], relation(r))
		}
	}
	groups, err := books.MyGroups(ctx, cred)
	if p.groupsKnown, err = readable(err); err != nil {
		return nil, fmt.Errorf("groups of connection %s: %w", conn, err)
	}
	for _, g := range groups {
		p.groups = append(p.groups, Group{g.ID, g.Name})
	}
	return p, nil
}

// readable tells a refusal, which is a fact, from an error that passes or that
// concerns the whole connection.
func readable(err error) (bool, error) {
	if err == nil {
		return true, nil
	}
	if p := sam.AsProblem(err); p != nil {
		switch p.Class {
		case sam.ClassCustomer, sam.ClassPolicy, sam.ClassConfiguration:
			return false, nil
		case sam.ClassRetry, sam.ClassReconsent, sam.ClassCredential:
		}
	}
	return false, err
}

func relation(r graph.Relationship) Relation {
	out := Relation{ID: r.ID, Name: r.Name, Extends: r.ExtendsItself(), Roles: tabled(r.Access)}
	if r.Ends != nil {
		out.Ends = *r.Ends
	}
	return out
}

// tabled keeps the roles that the table knows, as the table writes them.
func tabled(access graph.AccessDetails) []string {
	var ids []string
	for _, r := range access.Roles {
		if role, ok := known[r.ID]; ok {
			ids = append(ids, role.ID)
		}
	}
	return ids
}
