package jobs_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const goodMessage = `{"v":1,"run":"20261121T213000Z-4f2a","customer":"c0000000-0000-4000-8000-000000000001",` +
	`"connection":"11111111-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333333","tasks":["health","alerts"],"try":1}`

func TestParseMessage(t *testing.T) {
	t.Parallel()
	change := func(from, to string) string { return strings.Replace(goodMessage, from, to, 1) }
	for name, body := range map[string]string{
		"unknown version":      change(`"v":1`, `"v":2`),
		"no version":           change(`"v":1,`, ``),
		"foreign message":      `{"hello":"world"}`,
		"unknown key":          change(`"try":1`, `"try":1,"id":"x"`),
		"not JSON":             `run all`,
		"empty":                ``,
		"null":                 `null`,
		"array":                `[` + goodMessage + `]`,
		"two objects":          goodMessage + goodMessage,
		"trailing text":        goodMessage + `x`,
		"run with a path":      change(`20261121T213000Z-4f2a`, `../x`),
		"customer no GUID":     change(`c0000000-`, `x0000000-`),
		"customer upper case":  change(`c0000000-`, `C0000000-`),
		"connection half":      change(`.33333333-3333-4333-8333-333333333333`, ``),
		"no tasks":             change(`"health","alerts"`, ``),
		"task twice":           change(`"alerts"`, `"health"`),
		"task with slash":      change(`"alerts"`, `"a/b"`),
		"try zero":             change(`"try":1`, `"try":0`),
		"try out of all sense": change(`"try":1`, `"try":99999999`),
		"oversized":            change(`"try":1`, `"try":1`+strings.Repeat(" ", jobs.MaxMessage)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if m, err := jobs.ParseMessage([]byte(body)); !errors.Is(err, jobs.ErrForeign) {
				t.Errorf("got %+v, %v; want ErrForeign", m, err)
			}
		})
	}
}

func TestMessageRoundTrip(t *testing.T) {
	t.Parallel()
	want := jobs.Message{
		V: jobs.MessageVersion, Run: "20261121T213000Z-4f2a", Customer: customer(1),
		Connection: conn, Tasks: []string{"health", "alerts"}, Try: 1,
	}
	got, err := jobs.ParseMessage([]byte(goodMessage))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parsed (-want +got):\n%s", diff)
	}
	body, err := got.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if string(body) != goodMessage {
		t.Errorf("encoded %s, want %s", body, goodMessage)
	}
}

// FuzzParseMessage: whatever is accepted encodes to something that is accepted
// as the same; whatever is refused is ErrForeign.
func FuzzParseMessage(f *testing.F) {
	f.Add([]byte(goodMessage))
	f.Add([]byte(`{"v":1}`))
	f.Add([]byte(strings.Replace(goodMessage, `"try"`, `"places":[{"scope":"partner-center/p/","at":"2026-11-21T21:30:00Z","calls":1}],"try"`, 1)))
	f.Add([]byte(`{"V":1,"RUN":"20261121T213000Z-4f2a"}`))
	f.Add([]byte{0xff, 0x00})
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := jobs.ParseMessage(body)
		if err != nil {
			if !errors.Is(err, jobs.ErrForeign) {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		again, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		m2, err := jobs.ParseMessage(again)
		if err != nil || !cmp.Equal(m, m2) {
			t.Fatalf("%+v became %+v, %v", m, m2, err)
		}
		if _, err := sam.ParseCustomerID(string(m.Customer)); err != nil {
			t.Fatal(err)
		}
	})
}
