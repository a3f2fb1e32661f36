package arm_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/arm"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// published is where example payloads of Microsoft's API specifications lie
// beside a checkout that has them.
var published = filepath.Join("..", "..", "..", "shared", "fixtures", "published")

// body takes the answer out of a specification example; recorded payloads are
// the bare body. Next links are placeholders there, and left out.
func body(t *testing.T, file []byte) string {
	t.Helper()
	var example struct {
		Responses map[string]struct {
			Body map[string]any `json:"body"`
		} `json:"responses"`
	}
	if err := json.Unmarshal(file, &example); err != nil {
		t.Fatal(err)
	}
	ok, wrapped := example.Responses["200"]
	if !wrapped {
		return string(file)
	}
	delete(ok.Body, "nextLink")
	raw, err := json.Marshal(ok.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// lists answers everything but Resource Graph with one body.
func lists(t *testing.T, answer string) *arm.Client {
	t.Helper()
	return serve(t, func(string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if isGraph(r) {
				reply(w, 403, nil, denied)
				return
			}
			_, _ = io.WriteString(w, answer)
		}
	})
}

func health(want ...string) func(context.Context, *testing.T, string) {
	return func(ctx context.Context, t *testing.T, answer string) {
		t.Helper()
		got, err := lists(t, answer).Health(ctx, &credential{}, []string{subA})
		if err != nil || len(got.Items) != len(want) {
			t.Fatalf("got %+v, %v", got, err)
		}
		for i, s := range got.Items {
			if s.State != want[i] || s.Resource != "<resourceId>" || !s.Since.Equal(time.Date(2016, 3, 29, 9, 12, 0, 0, time.UTC)) || s.Summary == "" {
				t.Errorf("status %+v", s)
			}
		}
	}
}

func firedAlerts(rule string, n int) func(context.Context, *testing.T, string) {
	return func(ctx context.Context, t *testing.T, answer string) {
		t.Helper()
		got, err := lists(t, answer).FiredAlerts(ctx, &credential{}, []string{subA})
		if err != nil || len(got.Items) != n {
			t.Fatalf("got %+v, %v", got, err)
		}
		a := got.Items[0]
		if a.Name != rule || a.Severity == "" || a.Started.IsZero() || !strings.HasPrefix(a.Target, "/subscriptions/") || !strings.HasPrefix(a.ID, "/subscriptions/") {
			t.Errorf("alert %+v", a)
		}
	}
}

// classic answers groups and incidents by hand and the rules as published.
func classic(rules int) func(context.Context, *testing.T, string) {
	return func(ctx context.Context, t *testing.T, answer string) {
		t.Helper()
		c := serve(t, func(string) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.HasSuffix(r.URL.Path, "/resourcegroups"):
					_, _ = io.WriteString(w, `{"value":[{"name":"g"}]}`)
				case strings.HasSuffix(r.URL.Path, "/alertrules"):
					_, _ = io.WriteString(w, answer)
				default:
					_, _ = io.WriteString(w, `{"value":[{"isActive":true,"activatedTime":"2017-09-13T15:45:26.9792776Z"}]}`)
				}
			}
		})
		got, err := c.ClassicAlerts(ctx, &credential{}, subA)
		if err != nil || len(got) != rules || !strings.Contains(got[0].Target, "Microsoft.Web/sites/") || got[0].Since.Year() != 2017 {
			t.Errorf("got %+v, %v", got, err)
		}
	}
}

// reads says what each published payload must become; nil marks those of calls
// that this package does not make.
var reads = map[string]func(context.Context, *testing.T, string){
	"arm-resourcehealth/availabilitystatuses_list_by_subscription_2015-01-01.json":  health("Available", "Unavailable"),
	"arm-resourcehealth/availabilitystatuses_list_by_subscription_2025-05-01.json":  health("Available", "Unavailable"),
	"arm-resourcehealth/availabilitystatuses_list_by_resourcegroup_2025-05-01.json": health("Available", "Unavailable"),
	"arm-alertsmanagement/alerts_list_2019-05-05-preview.json":                      firedAlerts("cpu alert", 2),
	"arm-alertsmanagement/alerts_list_2025-05-25-preview.json":                      firedAlerts("cpu alert", 2),
	"arm-monitor/alertrules_list_by_resourcegroup_2016-03-01.json":                  classic(2),
	"arm-monitor/alertrules_list_by_subscription_2016-03-01.json":                   classic(2),
	"arm-monitor/alertrules_get_2016-03-01.json": func(ctx context.Context, t *testing.T, answer string) {
		t.Helper()
		classic(1)(ctx, t, `{"value":[`+answer+`]}`)
	},
	"arm-monitor/alertruleincidents_get_2016-03-01.json": func(ctx context.Context, t *testing.T, answer string) {
		t.Helper()
		c := serve(t, func(string) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.HasSuffix(r.URL.Path, "/resourcegroups"):
					_, _ = io.WriteString(w, `{"value":[{"name":"g"}]}`)
				case strings.HasSuffix(r.URL.Path, "/alertrules"):
					_, _ = io.WriteString(w, `{"value":[{"id":"/subscriptions/x/r","name":"r"}]}`)
				default:
					_, _ = io.WriteString(w, `{"value":[`+answer+`]}`)
				}
			}
		})
		got, err := c.ClassicAlerts(ctx, &credential{}, subA)
		if err != nil || len(got) != 1 || got[0].Since.Nanosecond() != 979277600 {
			t.Errorf("got %+v, %v", got, err)
		}
	},
	"arm-subscriptions/subscriptions_list_2022-12-01.json": func(ctx context.Context, t *testing.T, answer string) {
		t.Helper()
		got, err := lists(t, answer).Subscriptions(ctx, &credential{})
		if err != nil || len(got) != 2 || got[0].ID != "291bba3f-e0a5-47bc-a099-3bdcb2a50a05" || got[1].State != "Enabled" || got[0].Quota == "" {
			t.Errorf("got %+v, %v", got, err)
		}
	},
	"arm-subscriptions/resourcegroups_list_recorded_2021-04-01.json": func(ctx context.Context, t *testing.T, answer string) {
		t.Helper()
		got, err := lists(t, answer).ResourceGroups(ctx, &credential{}, subA)
		if err != nil || len(got) != 1 || got[0] != (arm.ResourceGroup{Name: "rg-azdtest-d347996", Location: "eastus2"}) {
			t.Errorf("got %+v, %v", got, err)
		}
	},
	"arm-subscriptions/resourcegroups_get_2025-04-01.json": func(ctx context.Context, t *testing.T, answer string) {
		t.Helper()
		got, err := lists(t, `{"value":[`+answer+`]}`).ResourceGroups(ctx, &credential{}, subA)
		if err != nil || len(got) != 1 || got[0].Name != "my-resource-group" {
			t.Errorf("got %+v, %v", got, err)
		}
	},
	"arm-subscriptions/resources_list_recorded_2021-04-01.json": func(ctx context.Context, t *testing.T, answer string) {
		t.Helper()
		got, err := lists(t, answer).ResourceCounts(ctx, &credential{}, []string{subA})
		if err != nil || len(got.Items) != 1 || got.Items[0] != (arm.TypeCount{Type: "microsoft.storage/storageaccounts", Count: 1}) {
			t.Errorf("got %+v, %v", got, err)
		}
	},
	"arm-subscriptions/error_resourcegroupnotfound_recorded.json": func(ctx context.Context, t *testing.T, answer string) {
		t.Helper()
		_, err := answering(t, 404, nil, answer).ResourceGroups(ctx, &credential{}, subA)
		if p := sam.AsProblem(err); p == nil || p.Code != "ResourceGroupNotFound" || !strings.Contains(err.Error(), "could not be found") {
			t.Errorf("got %+v", p)
		}
	},
	"arm-subscriptions/tenants_list_2022-12-01.json":                     nil,
	"arm-resourcehealth/events_list_by_subscription_2024-02-01.json":     nil,
	"arm-resourcehealth/events_list_by_subscription_2025-05-01.json":     nil,
	"arm-monitor/metricalerts_list_2018-03-01.json":                      nil,
	"arm-monitor/activitylogalerts_list_by_subscription_2020-10-01.json": nil,
	"arm-monitor/scheduledqueryrules_list_2018-04-16.json":               nil,
}

func TestPublishedPayloads(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(published, "arm-*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Skipf("published payloads are not beside this checkout: %v", err)
	}
	for _, path := range files {
		name := filepath.ToSlash(filepath.Join(filepath.Base(filepath.Dir(path)), filepath.Base(path)))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check, known := reads[name]
			if !known {
				t.Fatal("a payload nobody has decided about: read it, or list it as not read")
			}
			if check == nil {
				t.Skip("payload of a call this package does not make")
			}
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			check(t.Context(), t, body(t, file))
		})
	}
}
