package script

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// WithLocalSettings adds the Values of a local.settings.json to an environment.
// Variables that are set already win, in any case. A missing file adds nothing;
// an encrypted one is an error.
func WithLocalSettings(env []string, path string) ([]string, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return env, nil
	}
	if err != nil {
		return nil, fmt.Errorf("local settings: %w", err)
	}
	var file struct {
		IsEncrypted bool
		Values      map[string]string
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(string(raw), "\ufeff")), &file); err != nil {
		return nil, fmt.Errorf("local settings %s: %w", path, err)
	}
	if file.IsEncrypted {
		return nil, fmt.Errorf("local settings %s: encrypted values are not supported", path)
	}
	present := NewSettings(env)
	out := append([]string{}, env...)
	for name, value := range file.Values {
		if _, set := present.Get(name); !set {
			out = append(out, name+"="+value)
		}
	}
	return out, nil
}
