package graph_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Only active assignments count: Graph keeps those of the past in the list.
func TestAccessAssignments(t *testing.T) {
	t.Parallel()
	c := serve(t, func(string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v1.0/tenantRelationships/delegatedAdminRelationships/a-b/accessAssignments" {
				t.Errorf("path %s", r.URL.Path)
			}
			_, _ = io.WriteString(w, `{"value":[
				{"id":"1","status":"deleted","accessContainer":{"accessContainerId":"old","accessContainerType":"securityGroup"}},
				{"@odata.etag":"x","id":"2","status":"active","accessContainer":{"accessContainerId":"ops","accessContainerType":"securityGroup"},
				 "accessDetails":{"unifiedRoles":[{"roleDefinitionId":"r1"},{"roleDefinitionId":"r2"}]}},
				{"id":"3","status":"pending","accessContainer":{"accessContainerId":"new"}}]}`)
		}
	})
	got, err := c.AccessAssignments(t.Context(), credential{}, "a-b")
	if err != nil || len(got) != 1 || got[0].Container.ID != "ops" || len(got[0].Access.Roles) != 2 || got[0].Access.Roles[1].ID != "r2" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// Directory roles and administrative units are no groups; a group whose name
// may not be read is one.
func TestMyGroups(t *testing.T) {
	t.Parallel()
	c := serve(t, func(string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v1.0/me/transitiveMemberOf" || r.URL.Query().Get("$select") != "id,displayName" {
				t.Errorf("asked for %s", r.URL)
			}
			_, _ = io.WriteString(w, `{"value":[
				{"@odata.type":"#microsoft.graph.directoryRole","id":"1","displayName":"Directory Readers"},
				{"@odata.type":"#microsoft.graph.group","id":"2","displayName":"AdminAgents"},
				{"@odata.type":"#microsoft.graph.administrativeUnit","id":"3"},
				{"@odata.type":"#microsoft.graph.group","id":"4","displayName":null}]}`)
		}
	})
	got, err := c.MyGroups(t.Context(), credential{})
	if err != nil || len(got) != 2 || got[0].Name != "AdminAgents" || got[1].ID != "4" || got[1].Name != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestRefusedBooks(t *testing.T) {
	t.Parallel()
	c := answering(t, 403, nil, `{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation."}}`)
	_, err := c.AccessAssignments(t.Context(), credential{}, "a-b")
	_, also := c.MyGroups(t.Context(), credential{})
	for _, err := range []error{err, also} {
		if p := sam.AsProblem(err); p == nil || p.Class != sam.ClassCustomer {
			t.Errorf("got %v", err)
		}
	}
}

func TestExtendsItself(t *testing.T) {
	t.Parallel()
	for duration, want := range map[string]bool{"": false, "P0D": false, "PT0S": false, "P180D": true, "P6M": true} {
		if got := (graph.Relationship{AutoExtend: duration}).ExtendsItself(); got != want {
			t.Errorf("%q: %v", duration, got)
		}
	}
}
