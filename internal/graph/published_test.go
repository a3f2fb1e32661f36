package graph_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// published is where example payloads of Microsoft's documentation lie beside
// a checkout that has them.
var published = filepath.Join("..", "..", "..", "shared", "fixtures", "published", "graph")

// reads says what each published payload must become; nil marks those of calls
// that this package does not make.
var reads = map[string]func(context.Context, *testing.T, string){
	"delegatedadminrelationships_list_v1.0.json": func(ctx context.Context, t *testing.T, body string) {
		t.Helper()
		got, err := answering(t, 200, nil, body).DelegatedAdminRelationships(ctx, credential{})
		if err != nil || len(got) != 1 || got[0].Customer.TenantID != "52eaad04-13a2-4a2f-9ce8-93a294fadf36" || got[0].Ends == nil || len(got[0].Access.Roles) != 1 {
			t.Errorf("got %+v, %v", got, err)
		}
	},
	"organization_list_v1.0.json": func(ctx context.Context, t *testing.T, body string) {
		t.Helper()
		got, err := answering(t, 200, nil, body).Organization(ctx, credential{})
		if err != nil || got.ID != "84841066-274d-4ec0-a5c1-276be684bdd3" || got.Name != "Contoso" || got.Country != "NL" || len(got.Domains) == 0 {
			t.Errorf("got %+v, %v", got, err)
		}
	},
	"subscribedskus_list_v1.0.json": func(ctx context.Context, t *testing.T, body string) {
		t.Helper()
		got, err := answering(t, 200, nil, body).SubscribedSkus(ctx, credential{})
		if err != nil || len(got) != 2 || got[0].Consumed != 14 || got[0].Prepaid.Enabled != 25 || got[1].Status != "Suspended" || got[1].Name != "CRMSTANDARD" {
			t.Errorf("got %+v, %v", got, err)
		}
	},
	"error_documented.json": func(ctx context.Context, t *testing.T, body string) {
		t.Helper()
		_, err := answering(t, 416, nil, body).Organization(ctx, credential{})
		if p := sam.AsProblem(err); p == nil || p.Code != "invalidRange" {
			t.Errorf("got %+v", p)
		}
	},
	"error_throttled_429.json": func(ctx context.Context, t *testing.T, body string) {
		t.Helper()
		_, err := answering(t, 429, nil, body).Organization(ctx, credential{})
		if p := sam.AsProblem(err); p == nil || p.Code != "TooManyRequests" || p.Class != sam.ClassRetry {
			t.Errorf("got %+v", p)
		}
	},
	"application_post_request_v1.0.json":    nil,
	"application_post_response_v1.0.json":   nil,
	"users_list_assignedlicenses_v1.0.json": nil,
	"users_list_v1.0.json":                  nil,
}

func TestPublishedPayloads(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir(published)
	if err != nil {
		t.Skipf("published payloads are not beside this checkout: %v", err)
	}
	for _, f := range files {
		t.Run(f.Name(), func(t *testing.T) {
			t.Parallel()
			check, known := reads[f.Name()]
			if !known {
				t.Fatal("a payload nobody has decided about: read it, or list it as not read")
			}
			if check == nil {
				t.Skip("payload of a call this package does not make")
			}
			body, err := os.ReadFile(filepath.Join(published, f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			check(t.Context(), t, string(body))
		})
	}
}
