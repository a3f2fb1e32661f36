package jobs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/throttle"
)

// MessageVersion is the only version of messages this program writes or reads.
const MessageVersion = 1

// MaxMessage is the most a queue message may hold before base64: 48 KiB.
const MaxMessage = 48 << 10

// maxTasks and maxTry bound what a message may ask for.
const (
	maxTasks = 32
	maxTry   = 1000
)

// ErrForeign is wrapped by every refusal of a message that is not one of ours:
// unknown version, bad ids, bad JSON, too large. The message is not lost: it
// is refused until it lies in the poison queue, and recorded there.
var ErrForeign = errors.New("not a job message of this program")

// Message is one customer in one run, as it lies in the queue. Its keys never
// include "id" or "dequeueCount": the host merges them into its metadata.
type Message struct {
	V          int              `json:"v"`
	Run        string           `json:"run"`
	Customer   sam.CustomerID   `json:"customer"`
	Connection sam.ConnectionID `json:"connection"`
	Tasks      []string         `json:"tasks"`
	Try        int              `json:"try"` // 1 is the first
	// Places are the calls reserved for it, when it was sent back for want of
	// them.
	Places []throttle.Ticket `json:"places,omitempty"`
	// Round is how many rounds of five deliveries ended without an answer
	// before this one.
	Round int `json:"round,omitempty"`
}

// Encode writes the message as it goes to the queue.
func (m Message) Encode() ([]byte, error) {
	m.V = MessageVersion
	body, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode job message: %w", err)
	}
	return body, nil
}

var (
	runPattern  = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4,16}$`)
	taskPattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)
)

// ParseMessage is strict: one JSON object, no unknown key, this version, ids in
// canonical form, tasks named once each. Every error wraps ErrForeign.
func ParseMessage(body []byte) (Message, error) {
	if len(body) > MaxMessage {
		return Message{}, foreign("it has %d bytes, the limit is %d", len(body), MaxMessage)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	var m Message
	if err := dec.Decode(&m); err != nil {
		return Message{}, foreign("%v", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Message{}, foreign("something follows the JSON object")
	}
	if err := m.check(); err != nil {
		return Message{}, err
	}
	return m, nil
}

// check reports the first thing wrong with a decoded message.
func (m Message) check() error {
	if m.V != MessageVersion {
		return foreign("version %d", m.V)
	}
	if !runPattern.MatchString(m.Run) {
		return foreign("run id %.80q", m.Run)
	}
	if id, err := sam.ParseCustomerID(string(m.Customer)); err != nil || id != m.Customer {
		return foreign("customer %.80q", m.Customer)
	}
	if id, err := sam.ParseConnectionID(string(m.Connection)); err != nil || id != m.Connection {
		return foreign("connection %.80q", m.Connection)
	}
	if m.Try < 1 || m.Try > maxTry {
		return foreign("try %d", m.Try)
	}
	if m.Round < 0 || m.Round > len(rounds) {
		return foreign("round %d", m.Round)
	}
	return errors.Join(checkTasks(m.Tasks), checkPlaces(m.Places))
}

func checkPlaces(places []throttle.Ticket) error {
	if len(places) > throttle.MaxTickets {
		return foreign("%d places", len(places))
	}
	for _, p := range places {
		if !p.Sound() {
			return foreign("a place for %d calls in %s", p.Calls, p.Scope)
		}
	}
	return nil
}

func checkTasks(tasks []string) error {
	if len(tasks) == 0 || len(tasks) > maxTasks {
		return foreign("%d tasks", len(tasks))
	}
	for i, t := range tasks {
		if !taskPattern.MatchString(t) || slices.Contains(tasks[:i], t) {
			return foreign("task %.80q", t)
		}
	}
	return nil
}

func foreign(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrForeign, fmt.Sprintf(format, args...))
}
