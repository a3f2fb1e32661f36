package jobs_test

import (
	"encoding/json"
	"testing"

	"github.com/samkeeper/samkeeper/internal/jobs"
)

func decodeEvent(t *testing.T, body []byte) jobs.Event {
	t.Helper()
	var e jobs.Event
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatal(err)
	}
	return e
}
