package partnercenter_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// published is where example payloads of Microsoft's documentation lie beside
// a checkout that has them.
var published = filepath.Join("..", "..", "..", "shared", "fixtures", "published", "partnercenter")

// answering is a client whose every request gets one status and body.
func answering(t *testing.T, status int, body []byte) *partnercenter.Client {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write(body)
	})
}

// reads says what each published payload must become; nil marks those of calls
// that this package does not make.
var reads = map[string]func(context.Context, *testing.T, []byte){
	"customers_list.json": func(ctx context.Context, t *testing.T, body []byte) {
		t.Helper()
		got, err := answering(t, 200, body).Customers(ctx, credential{})
		if err != nil || len(got) != 2 || got[0].ID != "b44bb1fb-c595-45b0-9e09-d657365580bf" || got[0].Relationship != "reseller" {
			t.Errorf("got %+v, %v", got, err)
		}
	},
	"customer_by_id.json": func(ctx context.Context, t *testing.T, body []byte) {
		t.Helper()
		got, err := answering(t, 200, []byte(`{"items":[`+string(body)+`]}`)).Customers(ctx, credential{})
		if err != nil || len(got) != 1 || got[0].Domain == "" || got[0].Name == "" {
			t.Errorf("got %+v, %v", got, err)
		}
	},
	"customer_subscriptions_list.json": func(ctx context.Context, t *testing.T, body []byte) {
		t.Helper()
		got, err := answering(t, 200, body).Subscriptions(ctx, credential{}, customer)
		if err != nil || len(got) != 1 || got[0].Status != "active" || got[0].IsAzure() {
			t.Errorf("got %+v, %v", got, err)
		}
	},
	"paged_collection_next_continuation.json": func(ctx context.Context, t *testing.T, body []byte) {
		t.Helper()
		pages := 0
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if pages++; pages == 1 {
				_, _ = io.WriteString(w, strings.ReplaceAll(string(body), `"items": [`, `"items": [], "was": [`))
				return
			}
			if r.URL.Path != "/v1/invoices/T000001234/lineitems" || r.URL.Query().Get("seekOperation") != "Next" ||
				r.Header.Get("MS-ContinuationToken") != "AQAAAA==" {
				t.Errorf("second request %s with token %q", r.URL, r.Header.Get("MS-ContinuationToken"))
			}
			_, _ = io.WriteString(w, `{}`)
		})
		if _, err := c.Customers(ctx, credential{}); err != nil || pages != 2 {
			t.Errorf("%d pages, %v", pages, err)
		}
	},
	"error_licenses_60012.json": func(ctx context.Context, t *testing.T, body []byte) {
		t.Helper()
		_, err := answering(t, 400, body).Customers(ctx, credential{})
		if p := sam.AsProblem(err); p == nil || p.Code != "60012" || p.Class != sam.ClassConfiguration {
			t.Errorf("got %+v", p)
		}
	},
	"error_partner_not_found_3000.json": func(ctx context.Context, t *testing.T, body []byte) {
		t.Helper()
		_, err := answering(t, 404, body).Customers(ctx, credential{})
		if p := sam.AsProblem(err); p == nil || p.Code != "3000" || !strings.Contains(err.Error(), "could not be found") {
			t.Errorf("got %+v", p)
		}
	},
	"customer_users_list.json":              nil,
	"applicationconsents_post_request.json": nil, // a request: see TestConsentRequest
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
			check(t.Context(), t, body)
		})
	}
}
