package queue

import (
	"net/http"
	"strconv"
	"time"
)

// Limits of the service.
const (
	maxVisibility  = 7 * 24 * 60 * 60 // seconds
	defaultHidden  = 30               // seconds, of a received message
	defaultTTL     = 7 * 24 * 60 * 60 // seconds
	maxReceive     = 32               // messages in one answer
	maxText        = 64 << 10         // bytes of a message's text
	neverExpires   = -1
	longestSeconds = 1<<31 - 1
)

// seconds on the wire as a duration.
func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// number reads a query parameter between two bounds.
func (c *call) number(name string, standard, least, most int) (int, *fault) {
	raw := c.parameter(name)
	if raw == "" {
		return standard, nil
	}
	n, err := strconv.Atoi(raw)
	if err != nil {
		return 0, invalidParameter(name, raw, "The value is not a number.")
	}
	if n < least || n > most {
		return 0, faultf(http.StatusBadRequest, "OutOfRangeQueryParameterValue", "One of the query parameters specified in the request URI is outside the permissible range.").
			with("QueryParameterName", name).with("QueryParameterValue", raw).
			with("MinimumAllowed", strconv.Itoa(least)).with("MaximumAllowed", strconv.Itoa(most))
	}
	return n, nil
}

// put stores a message: 201 with all of it but its text.
func (s *Server) put(c *call) (*answer, *fault) {
	text, given, f := readText(c.r)
	if f == nil && !given {
		f = invalidDocument()
	}
	if f != nil {
		return nil, f
	}
	hidden, ttl, f := c.times()
	if f != nil {
		return nil, f
	}
	q, f := s.find(c)
	if f != nil {
		return nil, f
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	m := q.add(text, c.now, hidden+c.mishap.Delay, ttl)
	for range c.mishap.Copies {
		q.add(text, c.now, hidden+c.mishap.Delay, ttl)
	}
	if c.mishap.Drop {
		q.delete(m)
	}
	a := document(http.StatusCreated)
	a.raw("<QueueMessagesList><QueueMessage>").head(m)
	a.element("PopReceipt", m.receipt).element("TimeNextVisible", stamp(c.now.Add(hidden)))
	return a.raw("</QueueMessage></QueueMessagesList>"), nil
}

// times are the visibility timeout and the time to live (0: for ever) of a new
// message.
func (c *call) times() (hidden, ttl time.Duration, f *fault) {
	visibility, f := c.number("visibilitytimeout", 0, 0, maxVisibility)
	if f != nil {
		return 0, 0, f
	}
	live, f := c.number("messagettl", defaultTTL, neverExpires, longestSeconds)
	switch {
	case f != nil:
		return 0, 0, f
	case live == neverExpires:
		return seconds(visibility), 0, nil
	case live == 0:
		return 0, 0, invalidParameter("messagettl", "0", "Value must be greater than or equal to 1, or -1 to indicate an infinite TTL.")
	case visibility >= live && c.parameter("visibilitytimeout") != "":
		return 0, 0, invalidParameter("visibilitytimeout", strconv.Itoa(visibility), "messagettl must be greater than visibilitytimeout.")
	}
	return seconds(visibility), seconds(live), nil
}

// get receives messages.
func (s *Server) get(c *call) (*answer, *fault) {
	n, f := c.number("numofmessages", 1, 1, maxReceive)
	if f != nil {
		return nil, f
	}
	hidden, f := c.number("visibilitytimeout", defaultHidden, 1, maxVisibility)
	if f != nil {
		return nil, f
	}
	q, f := s.find(c)
	if f != nil {
		return nil, f
	}
	q.mu.Lock()
	given := q.receive(n, c.now, seconds(hidden), c.mishap.StayVisible)
	q.mu.Unlock()
	a := document(http.StatusOK).raw("<QueueMessagesList>")
	for i := range given {
		m := &given[i]
		a.raw("<QueueMessage>").head(m)
		a.element("PopReceipt", m.receipt).element("TimeNextVisible", stamp(c.now.Add(seconds(hidden))))
		a.tail(m).raw("</QueueMessage>")
	}
	return a.raw("</QueueMessagesList>"), nil
}

// peek shows messages without receipts.
func (s *Server) peek(c *call) (*answer, *fault) {
	n, f := c.number("numofmessages", 1, 1, maxReceive)
	if f != nil {
		return nil, f
	}
	q, f := s.find(c)
	if f != nil {
		return nil, f
	}
	q.mu.Lock()
	seen := q.look(n, c.now)
	q.mu.Unlock()
	a := document(http.StatusOK).raw("<QueueMessagesList>")
	for i := range seen {
		a.raw("<QueueMessage>").head(&seen[i]).tail(&seen[i]).raw("</QueueMessage>")
	}
	return a.raw("</QueueMessagesList>"), nil
}

func (s *Server) clear(c *call) (*answer, *fault) {
	q, f := s.find(c)
	if f != nil {
		return nil, f
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.reset()
	return empty(http.StatusNoContent), nil
}

// update hides a received message for so much longer and may change its text.
func (s *Server) update(c *call) (*answer, *fault) {
	if c.parameter("visibilitytimeout") == "" {
		return nil, missingParameter("visibilitytimeout")
	}
	hidden, f := c.number("visibilitytimeout", 0, 0, maxVisibility)
	if f != nil {
		return nil, f
	}
	text, given, f := readText(c.r)
	if f != nil {
		return nil, f
	}
	return s.change(c, func(q *queue, m *message) {
		q.waiting.remove(m)
		m.receipt = q.newReceipt(c.now)
		m.visible, m.order = c.now.Add(seconds(hidden)), q.serial
		if given {
			m.text = text
		}
		q.waiting.push(m)
		c.header.Set("X-Ms-Popreceipt", m.receipt)
		c.header.Set("X-Ms-Time-Next-Visible", stamp(m.visible))
	})
}

func (s *Server) remove(c *call) (*answer, *fault) {
	return s.change(c, func(q *queue, m *message) { q.delete(m) })
}

// change does something to the message that the call names and holds the newest
// receipt of.
func (s *Server) change(c *call, act func(*queue, *message)) (*answer, *fault) {
	receipt := c.parameter("popreceipt")
	if receipt == "" {
		return nil, missingParameter("popreceipt")
	}
	q, f := s.find(c)
	if f != nil {
		return nil, f
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expire(c.now)
	m := q.byID[c.message]
	switch {
	case m == nil:
		return nil, faultf(http.StatusNotFound, "MessageNotFound", "The specified message does not exist.")
	case m.receipt != receipt:
		return nil, faultf(http.StatusBadRequest, "PopReceiptMismatch", "The specified pop receipt did not match the pop receipt for a dequeued message.")
	}
	act(q, m)
	return empty(http.StatusNoContent), nil
}
