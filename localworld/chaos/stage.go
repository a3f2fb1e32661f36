package chaos

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// stage copies a script root into a folder of its own, with quicker numbers for
// the queues: two cores serve three hosts, and a failed message is to come back
// in a second, not in a minute.
func stage(root string) (dir string, err error) {
	if dir, err = os.MkdirTemp("", "samkeeper-chaos-"); err != nil {
		return "", fmt.Errorf("staging for the kill test: %w", err)
	}
	if err = os.CopyFS(dir, os.DirFS(root)); err == nil {
		err = quicken(filepath.Join(dir, "host.json"))
	}
	if err != nil {
		return "", fmt.Errorf("staging for the kill test: %w", joined(err, os.RemoveAll(dir)))
	}
	return dir, nil
}

func quicken(hostFile string) error {
	text, err := os.ReadFile(hostFile)
	if err != nil {
		return err
	}
	var host map[string]any
	if err := json.Unmarshal(text, &host); err != nil {
		return fmt.Errorf("reading %s: %w", hostFile, err)
	}
	extensions, _ := host["extensions"].(map[string]any)
	queues, _ := extensions["queues"].(map[string]any)
	if queues == nil {
		return fmt.Errorf("%s has no extensions.queues", hostFile)
	}
	queues["batchSize"], queues["newBatchThreshold"], queues["visibilityTimeout"] = 6, 3, "00:00:01"
	if text, err = json.MarshalIndent(host, "", "  "); err != nil {
		return err
	}
	return os.WriteFile(hostFile, text, 0o600)
}
