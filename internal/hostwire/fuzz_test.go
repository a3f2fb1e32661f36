package hostwire_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/samkeeper/samkeeper/internal/hostwire"
)

// FuzzEnvelope throws bytes at both decoders: they answer or refuse, and what
// they keep does not change when the next envelope is read.
func FuzzEnvelope(f *testing.F) {
	for _, seed := range []string{
		queued(job), `{"Data":{"message":"\"x\""}}`, `{"Data":{"timer":{"ScheduleStatus":null}}}`,
		`{"Data":{"timer":"{}","message":{}}}`, `{"Metadata":{"DequeueCount":"\"3\""},"Data":{"message":"e30="}}`, `null`, `{"Data":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, envelope []byte) {
		_, _ = hostwire.DecodeTimer(bytes.NewReader(envelope), "timer")
		m, err := hostwire.DecodeQueue(bytes.NewReader(envelope), "message")
		if err != nil {
			return
		}
		kept := bytes.Clone(m.Body)
		_, _ = hostwire.DecodeQueue(strings.NewReader(queued(strings.Repeat("#", len(envelope)))), "message")
		if !bytes.Equal(kept, m.Body) {
			t.Errorf("the message changed after it was decoded: %q, then %q", kept, m.Body)
		}
		if m.DequeueCount < 0 {
			t.Errorf("dequeue count %d", m.DequeueCount)
		}
	})
}

// FuzzQueueRoundTrip encodes a message as the host does and expects it back.
func FuzzQueueRoundTrip(f *testing.F) {
	f.Add([]byte(job), "6f1c", uint8(1))
	f.Add([]byte{0xff, 0}, `"`, uint8(5))
	f.Fuzz(func(t *testing.T, body []byte, id string, count uint8) {
		if !utf8.ValidString(id) || len(body)+len(id) > 128<<10 {
			t.Skip("not what a host can send")
		}
		twice := func(v any) string {
			inner, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return string(inner)
		}
		envelope, err := json.Marshal(map[string]any{
			"Data":     map[string]any{"message": base64.StdEncoding.EncodeToString(body)},
			"Metadata": map[string]any{"Id": twice(id), "DequeueCount": twice(count)},
		})
		if err != nil {
			t.Fatal(err)
		}
		m, err := hostwire.DecodeQueue(bytes.NewReader(envelope), "message")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(m.Body, body) || m.ID != id || m.DequeueCount != int(count) {
			t.Errorf("got %q %q %d, want %q %q %d", m.Body, m.ID, m.DequeueCount, body, id, count)
		}
	})
}
