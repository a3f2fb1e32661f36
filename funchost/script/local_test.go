package script_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/funchost/script"
)

func TestWithLocalSettings(t *testing.T) {
	t.Parallel()
	root := stage(t, map[string]string{
		"good.json":      `{"IsEncrypted":false,"Values":{"Set":"file","New":"file"}}`,
		"encrypted.json": `{"IsEncrypted":true,"Values":{"A":"x"}}`,
		"broken.json":    `{`,
	})
	env := []string{"SET=already"}
	got, err := script.WithLocalSettings(env, filepath.Join(root, "good.json"))
	if err != nil || !slices.Equal(got, []string{"SET=already", "New=file"}) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := script.WithLocalSettings(env, filepath.Join(root, "gone.json")); err != nil || !slices.Equal(got, env) {
		t.Errorf("a missing file: %q, %v", got, err)
	}
	for name, want := range map[string]string{"encrypted.json": "encrypted", "broken.json": "unexpected end"} {
		if _, err := script.WithLocalSettings(env, filepath.Join(root, name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
