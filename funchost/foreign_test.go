package funchost

import (
	"net/url"
	"strings"
	"testing"
)

func TestRebuiltQuery(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"":               "",
		"a=1&a=2":        "a=1%2C2",
		"b=x+y&a=%26&b=": "b=x%20y%2C&a=%26",
		"flag&a=1":       "flag=&a=1",
		"good=1&bad=%zz": "good=1",
	} {
		if got := rebuiltQuery(raw); got != want {
			t.Errorf("%q became %q, want %q", raw, got, want)
		}
	}
}

func FuzzRebuiltQuery(f *testing.F) {
	f.Add("a=1&a=2&b=x%20y")
	f.Fuzz(func(t *testing.T, raw string) {
		values, err := url.ParseQuery(rebuiltQuery(raw))
		if err != nil {
			t.Fatal(err)
		}
		for name, list := range values {
			if len(list) != 1 || list[0] != joined(raw)[name] {
				t.Errorf("%q: %s is %q", raw, name, list)
			}
		}
	})
}

func FuzzAdminInput(f *testing.F) {
	for _, seed := range []string{`{"input":"x"}`, `{"input":{"a":1}}`, `{}`, ``, `{"input":null}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		input, err := adminInput(strings.NewReader(body))
		if err != nil && input != "" {
			t.Error("an input and an error")
		}
	})
}
