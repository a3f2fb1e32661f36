package queue

import (
	"encoding/base64"
	"encoding/binary"
	"sync"
	"time"

	"github.com/google/uuid"
)

// message is one message of one queue; its queue's lock guards it.
type message struct {
	id       string
	text     string
	receipt  string
	inserted time.Time
	expires  time.Time // zero: never
	visible  time.Time // from then on it can be received
	order    uint64    // among messages that are visible from the same moment on
	dequeued int64
	at       [2]int // its place in the two heaps
}

// queue holds messages: all by id, all by the moment they can be received, and
// those that expire by the moment they do.
type queue struct {
	mu       sync.Mutex
	metadata map[string]string
	byID     map[string]*message
	waiting  pile
	mortal   pile
	serial   uint64
}

func newQueue(metadata map[string]string) *queue {
	q := &queue{metadata: metadata}
	q.reset()
	return q
}

// reset drops all messages.
func (q *queue) reset() {
	q.byID = map[string]*message{}
	q.waiting = pile{place: 0, before: func(a, b *message) bool {
		return a.visible.Before(b.visible) || a.visible.Equal(b.visible) && a.order < b.order
	}}
	q.mortal = pile{place: 1, before: func(a, b *message) bool { return a.expires.Before(b.expires) }}
}

// newReceipt is a pop receipt that was never given out before: a serial number
// and the time.
func (q *queue) newReceipt(now time.Time) string {
	q.serial++
	var raw [18]byte
	raw[0] = 2
	binary.BigEndian.PutUint64(raw[2:], q.serial)
	binary.BigEndian.PutUint64(raw[10:], uint64(now.UnixNano()))
	return base64.StdEncoding.EncodeToString(raw[:])
}

// add stores a new message.
func (q *queue) add(text string, now time.Time, hidden, ttl time.Duration) *message {
	m := &message{id: uuid.NewString(), text: text, inserted: now, visible: now.Add(hidden)}
	m.receipt, m.order = q.newReceipt(now), q.serial
	if ttl > 0 {
		m.expires = now.Add(ttl)
		q.mortal.push(m)
	}
	q.byID[m.id] = m
	q.waiting.push(m)
	return m
}

// expire drops what is past its time.
func (q *queue) expire(now time.Time) {
	for len(q.mortal.list) > 0 && !q.mortal.list[0].expires.After(now) {
		q.delete(q.mortal.list[0])
	}
}

func (q *queue) delete(m *message) {
	delete(q.byID, m.id)
	q.waiting.remove(m)
	if !m.expires.IsZero() {
		q.mortal.remove(m)
	}
}

// receive takes up to n visible messages, oldest first: copies of what they are
// from now on. Those that stay visible can be received again at once.
func (q *queue) receive(n int, now time.Time, hidden time.Duration, stay bool) []message {
	q.expire(now)
	taken := make([]*message, 0, n)
	for len(taken) < n && len(q.waiting.list) > 0 && !q.waiting.list[0].visible.After(now) {
		m := q.waiting.list[0]
		q.waiting.remove(m)
		taken = append(taken, m)
	}
	given := make([]message, 0, len(taken))
	for _, m := range taken {
		m.dequeued++
		m.receipt = q.newReceipt(now)
		if !stay {
			m.visible, m.order = now.Add(hidden), q.serial
		}
		q.waiting.push(m)
		given = append(given, *m)
	}
	return given
}

// look copies up to n visible messages and leaves them as they are.
func (q *queue) look(n int, now time.Time) []message {
	q.expire(now)
	var seen []*message
	for len(seen) < n && len(q.waiting.list) > 0 && !q.waiting.list[0].visible.After(now) {
		seen = append(seen, q.waiting.list[0])
		q.waiting.remove(q.waiting.list[0])
	}
	copies := make([]message, 0, len(seen))
	for _, m := range seen {
		q.waiting.push(m)
		copies = append(copies, *m)
	}
	return copies
}
