package route_test

import (
	"slices"
	"testing"

	"github.com/samkeeper/samkeeper/funchost/route"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, template, path string
		want                 map[string]string // nil: no match; "\x00" stands for a missing optional
	}{
		{"literal in any case", "Consent/Callback", "consent/callback", map[string]string{}},
		{"too long", "consent", "consent/callback", nil},
		{"too short", "consent/callback", "consent", nil},
		{"parameter", "tenants/{id}", "tenants/a%20b", map[string]string{"id": "a b"}},
		{"guid", "t/{id:guid}", "t/11111111-1111-4111-8111-111111111111", map[string]string{"id": "11111111-1111-4111-8111-111111111111"}},
		{"not a guid", "t/{id:guid}", "t/7", nil},
		{"int", "n/{n:int}", "n/-7", map[string]string{"n": "-7"}},
		{"too big for int", "n/{n:int}", "n/3000000000", nil},
		{"range", "n/{n:range(1,9)}", "n/10", nil},
		{"two constraints", "n/{n:int:min(3)}", "n/4", map[string]string{"n": "4"}},
		{"length", "c/{c:length(2)}", "c/DE", map[string]string{"c": "DE"}},
		{"regex with slash and colon", `x/{x:regex(^a[:/]?b$)}`, "x/ab", map[string]string{"x": "ab"}},
		{"optional present", "j/{job?}", "j/1", map[string]string{"job": "1"}},
		{"optional missing", "j/{job?}", "j", map[string]string{"job": "\x00"}},
		{"default", "j/{job=all}", "j", map[string]string{"job": "all"}},
		{"catch-all", "files/{*rest}", "files/a/b/c", map[string]string{"rest": "a/b/c"}},
		{"catch-all of nothing", "files/{*rest}", "files", map[string]string{"rest": "\x00"}},
		{"empty template", "", "", map[string]string{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tmpl, err := route.Parse(tc.template)
			if err != nil {
				t.Fatal(err)
			}
			got, ok := tmpl.Match(tc.path)
			if ok != (tc.want != nil) {
				t.Fatalf("match is %t", ok)
			}
			if ok && len(got) != len(tc.want) {
				t.Errorf("params %v", got)
			}
			for name, want := range tc.want {
				if v := got[name]; (v == nil) != (want == "\x00") || v != nil && *v != want {
					t.Errorf("%s is %v, want %q", name, v, want)
				}
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"admin/x", "runtime", "a//b", "{x}.{y}", "{1x}", "{x:odd}", "{x:range(1)}", "{x:regex(()}", "{x}/{X}", "{*rest}/a", "{a?}/b", "{}", "a}b"} {
		if _, err := route.Parse(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestCompareAndOverlap(t *testing.T) {
	t.Parallel()
	var all []route.Template
	for _, text := range []string{"{*rest}", "{name}", "status", "{id:int}"} {
		tmpl, err := route.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, tmpl)
	}
	slices.SortStableFunc(all, route.Compare)
	for i, want := range []string{"status", "{id:int}", "{name}", "{*rest}"} {
		if all[i].String() != want {
			t.Errorf("position %d is %s, want %s", i, all[i], want)
		}
	}
	other, _ := route.Parse("{customer}")
	if !all[2].Overlap(other) || all[0].Overlap(other) {
		t.Error("parameters of any name overlap, a literal does not")
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a/{b:int}/{c?}", "{*x}", "{x:regex(a{2})}", "{a=b}"} {
		f.Add(seed, "a/1")
	}
	f.Fuzz(func(_ *testing.T, text, path string) {
		if tmpl, err := route.Parse(text); err == nil {
			tmpl.Match(path)
		}
	})
}
