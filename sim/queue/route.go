package queue

import (
	"net/http"
	"strings"
	"sync/atomic"
)

// Operation is what a request asks for.
type Operation int

// The operations.
const (
	ListQueues Operation = iota
	CreateQueue
	DeleteQueue
	GetMetadata
	SetMetadata
	PutMessage
	GetMessages
	PeekMessages
	UpdateMessage
	DeleteMessage
	ClearMessages
	operations
)

var operationNames = [operations]string{
	"ListQueues", "CreateQueue", "DeleteQueue", "GetQueueMetadata", "SetQueueMetadata",
	"PutMessage", "GetMessages", "PeekMessages", "UpdateMessage", "DeleteMessage", "ClearMessages",
}

// String is the operation's name in the REST documentation.
func (o Operation) String() string {
	if o < 0 || o >= operations {
		return "unknown"
	}
	return operationNames[o]
}

// counter counts without a lock.
type counter struct{ n atomic.Int64 }

func (c *counter) add() { c.n.Add(1) }

// Counts tells how often each operation was asked for since the start,
// refusals for a bad signature apart.
func (s *Server) Counts() map[string]int64 {
	counts := make(map[string]int64, operations)
	for op := range operations {
		if n := s.counts[op].n.Load(); n > 0 {
			counts[op.String()] = n
		}
	}
	return counts
}

type performer func(*call) (*answer, *fault)

// route takes the path apart and finds the operation.
func (s *Server) route(c *call) (Operation, performer, *fault) {
	parts := strings.Split(strings.Trim(c.r.URL.Path, "/"), "/")
	c.account = parts[0]
	if len(parts) == 1 {
		return s.serviceRoute(c)
	}
	c.queue = parts[1]
	if f := validName(c.queue); f != nil {
		return 0, nil, f
	}
	switch {
	case len(parts) == 2:
		return s.queueRoute(c)
	case len(parts) == 3 && parts[2] == "messages":
		return s.messagesRoute(c)
	case len(parts) == 4 && parts[2] == "messages" && parts[3] != "":
		c.message = parts[3]
		return s.messageRoute(c)
	}
	return 0, nil, faultf(http.StatusBadRequest, "InvalidUri", "The requested URI does not represent any resource on the server.")
}

func (s *Server) serviceRoute(c *call) (Operation, performer, *fault) {
	if c.r.Method == http.MethodGet && c.parameter("comp") == "list" {
		return ListQueues, s.list, nil
	}
	return 0, nil, unsupported(c)
}

func (s *Server) queueRoute(c *call) (Operation, performer, *fault) {
	comp := c.parameter("comp")
	switch {
	case comp == "" && c.r.Method == http.MethodPut:
		return CreateQueue, s.create, nil
	case comp == "" && c.r.Method == http.MethodDelete:
		return DeleteQueue, s.drop, nil
	case comp == "metadata" && (c.r.Method == http.MethodGet || c.r.Method == http.MethodHead):
		return GetMetadata, s.metadata, nil
	case comp == "metadata" && c.r.Method == http.MethodPut:
		return SetMetadata, s.setMetadata, nil
	}
	return 0, nil, unsupported(c)
}

func (s *Server) messagesRoute(c *call) (Operation, performer, *fault) {
	switch c.r.Method {
	case http.MethodPost:
		return PutMessage, s.put, nil
	case http.MethodGet:
		if strings.EqualFold(c.parameter("peekonly"), "true") {
			return PeekMessages, s.peek, nil
		}
		return GetMessages, s.get, nil
	case http.MethodDelete:
		return ClearMessages, s.clear, nil
	}
	return 0, nil, unsupported(c)
}

func (s *Server) messageRoute(c *call) (Operation, performer, *fault) {
	switch c.r.Method {
	case http.MethodPut:
		return UpdateMessage, s.update, nil
	case http.MethodDelete:
		return DeleteMessage, s.remove, nil
	}
	return 0, nil, unsupported(c)
}
