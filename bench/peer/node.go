package peer

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"
)

// The peer's own queues, in queues.mjs and settings.mjs.
const (
	peerJobs    = "peer-jobs"
	peerResults = "peer-results"
)

// nodeSide stages the peer below dir: samkeeper's own host.json with another
// program in it, and the two functions a sweep needs.
func nodeSide(a *arena) (side, error) {
	program := filepath.Join(a.opts.PeerDir, "main.mjs")
	root := filepath.Join(a.opts.WorkDir, "peer-root")
	s := side{
		name: Node, scriptRoot: root, command: []string{"node", program},
		settings: map[string]string{
			"NODE_EXTRA_CA_CERTS": a.caFile, "NODE_ENV": "production", "PEER_REFRESH_TOKEN_SECRET": refreshTokenSecret,
		},
		prepare: func(context.Context, *bout) error { return nil },
		finish:  func(context.Context, *bout) error { return nil },
		verify:  verifyNode,
	}
	return s, errors.Join(
		stageHostFile(filepath.Join(a.opts.ScriptRoot, "host.json"), root, program),
		stageFunction(root, sweepFunction, map[string]any{"name": "timer", "type": "timerTrigger", "direction": "in", "schedule": "0 5 */4 * * *", "useMonitor": true}),
		stageFunction(root, jobFunction, map[string]any{"name": "message", "type": "queueTrigger", "direction": "in", "queueName": peerJobs, "connection": "AzureWebJobsStorage", "dataType": "binary"}),
	)
}

// stageHostFile copies host.json and changes nothing but the program, so that
// both sides get their messages by the same rules.
func stageHostFile(ours, root, program string) error {
	text, err := os.ReadFile(ours)
	if err != nil {
		return fmt.Errorf("staging the peer: %w", err)
	}
	var file map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		return fmt.Errorf("staging the peer: reading host.json: %w", err)
	}
	file["customHandler"] = map[string]any{"description": map[string]any{
		"defaultExecutablePath": "node", "arguments": []string{program},
	}}
	return writeJSON(filepath.Join(root, "host.json"), file)
}

func stageFunction(root, name string, binding map[string]any) error {
	return writeJSON(filepath.Join(root, name, "function.json"), map[string]any{"bindings": []any{binding}})
}

func writeJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// report is the message with which the peer ends a job.
type report struct {
	Customer string `json:"customer"`
	Outcomes []struct {
		Task     string `json:"task"`
		State    string `json:"state"`
		Reason   string `json:"reason"`
		Findings []struct {
			Key string `json:"key"`
		} `json:"findings"`
	} `json:"outcomes"`
}

// verifyNode reads all reports and compares them with the world.
func verifyNode(ctx context.Context, b *bout) error {
	book := newBook()
	service, err := azqueue.NewServiceClientFromConnectionString(b.storage.ConnectionString(), nil)
	if err != nil {
		return fmt.Errorf("opening the peer's results: %w", err)
	}
	queue, batch := service.NewQueueClient(peerResults), int32(32)
	for {
		got, err := queue.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: &batch})
		if err != nil {
			return fmt.Errorf("reading the peer's results: %w", err)
		}
		if len(got.Messages) == 0 {
			return book.compare(b.want)
		}
		for _, m := range got.Messages {
			if err := book.take(*m.MessageText); err != nil {
				return err
			}
			if _, err := queue.DeleteMessage(ctx, *m.MessageID, *m.PopReceipt, nil); err != nil {
				return fmt.Errorf("reading the peer's results: %w", err)
			}
		}
	}
}

// take notes one report.
func (b *book) take(text string) error {
	raw, err := base64.StdEncoding.DecodeString(text)
	var r report
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		return fmt.Errorf("reading a result of the peer: %w", err)
	}
	for _, o := range r.Outcomes {
		b.outcome(r.Customer, o.Task, o.State, o.Reason)
		for _, f := range o.Findings {
			b.finding(r.Customer, o.Task, f.Key)
		}
	}
	return nil
}
