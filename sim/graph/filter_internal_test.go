package graph

import (
	"errors"
	"testing"
)

func TestParseFilter(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]filter{
		"":                     nil,
		"status eq 'active'":   {{"status", true, "active"}},
		"status ne 'active'":   {{"status", false, "active"}},
		" status  eq 'it''s' ": {{"status", true, "it's"}},
		"status eq 'active' and customer/tenantId eq 'x and y'": {{"status", true, "active"}, {"customer/tenantId", true, "x and y"}},
	} {
		got, err := parseFilter(text, "status", "customer/tenantId")
		if err != nil || len(got) != len(want) {
			t.Errorf("%q: %v, %v", text, got, err)
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%q: %v, want %v", text, got[i], want[i])
			}
		}
	}
}

func TestParseFilterRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"status", "status eq", "status eq active", "status eq 'open", "status eq 'a'or", "status lt 'a'", "and", "status eq 'a' and",
		"status eq 'a' or status eq 'b'", "startswith(status,'a')", "other eq 'a'", "status eq 'a' status eq 'b'", "not status eq 'a'", "(status eq 'a')",
	} {
		if f, err := parseFilter(text, "status"); err == nil {
			t.Errorf("%q was taken for %v", text, f)
		}
	}
}

// FuzzFilter: whatever is accepted names allowed paths only, and matching it
// does not fail; everything else is a refusal with status 400.
func FuzzFilter(f *testing.F) {
	for _, text := range []string{"status eq 'active'", "status eq 'a''b' and status ne ''", "status eq 'a' and", "x eq 'y'"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseFilter(text, "status")
		if err != nil {
			var r refusal
			if !errors.As(err, &r) || r.status != 400 {
				t.Fatalf("refusal is %v", err)
			}
			return
		}
		for _, c := range got {
			if c.path != "status" {
				t.Fatalf("path %q was let in", c.path)
			}
		}
		got.matches(func(string) string { return "active" })
	})
}

// FuzzPlace: a skip token is either refused or a place that seals to a token
// for the same place.
func FuzzPlace(f *testing.F) {
	f.Add(place{3, 1}.seal())
	f.Add("x")
	f.Fuzz(func(t *testing.T, token string) {
		p, ok := openPlace(token)
		if !ok {
			return
		}
		if again, ok := openPlace(p.seal()); !ok || again != p {
			t.Fatalf("%v became %v", p, again)
		}
	})
}
