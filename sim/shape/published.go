package shape

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Published reads a published payload, by its path below the folder that is
// shared between projects, and returns the answer body it holds. The test is
// skipped when the folder is not there.
func Published(tb testing.TB, path string) any {
	tb.Helper()
	root := moduleRoot(tb)
	text, err := os.ReadFile(filepath.Join(root, "..", "shared", "fixtures", "published", filepath.FromSlash(path)))
	if errors.Is(err, fs.ErrNotExist) {
		tb.Skipf("published payload %s is not on this machine", path)
	}
	if err != nil {
		tb.Fatalf("read published payload: %v", err)
	}
	document := Decode(tb, text)
	if example, ok := document.(map[string]any); ok {
		if body := at(example, "responses", "200", "body"); body != nil {
			return body
		}
	}
	return document
}

// Decode is json.Unmarshal into plain values.
func Decode(tb testing.TB, text []byte) any {
	tb.Helper()
	var document any
	if err := json.Unmarshal(text, &document); err != nil {
		tb.Fatalf("decode %.200s: %v", text, err)
	}
	return document
}

// Agree fails the test for each difference between document and the published
// form that is not listed as known, and for each known one that is gone.
func Agree(tb testing.TB, published *Form, document any, known ...string) {
	tb.Helper()
	found := published.Differences(document)
	for _, line := range found {
		if !slices.Contains(known, line) {
			tb.Errorf("differs from the published payload: %s", line)
		}
	}
	for _, line := range known {
		if !slices.Contains(found, line) {
			tb.Errorf("no longer differs, take it off the list: %s", line)
		}
	}
}

func at(object map[string]any, path ...string) any {
	var value any = object
	for _, name := range path {
		inner, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = inner[name]
	}
	return value
}

// moduleRoot walks up from the package under test to go.mod.
func moduleRoot(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatalf("find the module: %v", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Fatal("find the module: no go.mod above the package")
		}
		dir = parent
	}
}
