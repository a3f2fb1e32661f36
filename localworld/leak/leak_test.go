package leak_test

import (
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/localworld/leak"
)

const (
	refresh = "0.AXsAq4c2T9vXy0kEo1m8RrW7ZdNpQfUbGhJt5LsKiYxMnO6w"
	signed  = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJhdWQiOiJodHRwczovL2V4YW1wbGUifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbi1pbi1iYXNlNjQ"
)

func TestScan(t *testing.T) {
	t.Parallel()
	hunter, err := leak.NewHunter([]string{refresh, signed})
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(signed, ".")
	rows := []struct {
		name, data string
		bytes      int
	}{
		{"nothing", "a harmless line of the log, long enough to hold windows", 0},
		{"whole token", `{"t":"` + refresh + `"}`, len(refresh)},
		{"sixteen bytes of it", "x" + refresh[10:26] + "y", 16},
		{"fifteen bytes of it", "x" + refresh[10:25] + "y", 0},
		{"two places", refresh[:20] + " and " + refresh[20:40], 40},
		{"header that all signed tokens share", head, 0},
		{"signature's end, within one window", signed[len(signed)-21:], 20},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			hits := hunter.Scan("log", []byte(row.data))
			got := leak.Bytes(hits)
			if row.bytes == 0 && got != 0 || row.bytes > 0 && (got < row.bytes-7 || got > row.bytes) {
				t.Errorf("found %d bytes, want about %d: %v", got, row.bytes, hits)
			}
		})
	}
}

// TestExhaustive: any 16 bytes of a token are found wherever they are cut, and
// none of the header that all tokens share.
func TestExhaustive(t *testing.T) {
	t.Parallel()
	hunter, err := leak.NewExhaustiveHunter([]string{refresh, signed})
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(signed, ".")
	for _, secret := range []string{refresh, rest} {
		for i := range len(secret) - leak.Window + 1 {
			if hits := hunter.Scan("log", []byte("<"+secret[i:i+leak.Window]+">")); leak.Bytes(hits) != leak.Window {
				t.Errorf("16 bytes at %d of %.8s… were found as %v", i, secret, hits)
			}
		}
	}
	if hits := hunter.Scan("log", []byte(head+"."+rest[:leak.Window-1])); len(hits) > 0 {
		t.Errorf("15 bytes behind the header count: %v", hits)
	}
}

func TestShortSecretsAreRefused(t *testing.T) {
	t.Parallel()
	if _, err := leak.NewHunter([]string{"short"}); err == nil {
		t.Error("a secret too short to hunt for was accepted in silence")
	}
}

func TestDescribeNamesPlacesNotBytes(t *testing.T) {
	t.Parallel()
	hunter, err := leak.NewHunter([]string{refresh})
	if err != nil {
		t.Fatal(err)
	}
	text := leak.Describe(hunter.Scan("table Audit", []byte(refresh)), 5)
	if !strings.Contains(text, "table Audit") || len(hunter.Scan("itself", []byte(text))) > 0 {
		t.Errorf("the description is wrong or leaks: %q", text)
	}
}
