package azurite

import (
	"strings"
	"testing"
)

func TestScanReady(t *testing.T) {
	t.Parallel()
	const all = "Azurite Blob service is starting at http://127.0.0.1:0\n" +
		"Azurite Blob service is successfully listening at http://127.0.0.1:1\n" +
		"Azurite Queue service is successfully listening at https://127.0.0.1:2/\n" +
		"Azurite Table service is successfully listening at http://127.0.0.1:3\n"
	for _, tc := range []struct {
		name, out string
		want      serviceURLs
	}{
		{"all three", all, serviceURLs{"http://127.0.0.1:1", "https://127.0.0.1:2", "http://127.0.0.1:3"}},
		{"table missing", all[:strings.Index(all, "Azurite Table")], serviceURLs{}},
		{"nothing", "", serviceURLs{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ready := make(chan serviceURLs, 1)
			lines := 0
			scanReady(strings.NewReader(tc.out), func(string) { lines++ }, ready)
			close(ready)
			if got := <-ready; got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
			if want := strings.Count(tc.out, "\n"); lines != want {
				t.Errorf("%d lines seen, want %d", lines, want)
			}
		})
	}
}
