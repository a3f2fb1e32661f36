package queue

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// create makes a queue: 201; 204 when it is there with the same metadata.
func (s *Server) create(c *call) (*answer, *fault) {
	metadata, f := metadataOf(c.r.Header)
	if f != nil {
		return nil, f
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	queues := s.accounts[c.account]
	if queues == nil {
		queues = map[string]*queue{}
		s.accounts[c.account] = queues
	}
	q := queues[c.queue]
	if q == nil {
		queues[c.queue] = newQueue(metadata)
		return empty(http.StatusCreated), nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !maps.Equal(q.metadata, metadata) {
		return nil, faultf(http.StatusConflict, "QueueAlreadyExists", "The specified queue already exists.")
	}
	return empty(http.StatusNoContent), nil
}

func (s *Server) drop(c *call) (*answer, *fault) {
	if _, f := s.find(c); f != nil {
		return nil, f
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.accounts[c.account], c.queue)
	return empty(http.StatusNoContent), nil
}

func (s *Server) metadata(c *call) (*answer, *fault) {
	q, f := s.find(c)
	if f != nil {
		return nil, f
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expire(c.now)
	c.header.Set("X-Ms-Approximate-Messages-Count", strconv.Itoa(len(q.byID)))
	for name, value := range q.metadata {
		c.header.Set(metaPrefix+name, value)
	}
	return empty(http.StatusOK), nil
}

func (s *Server) setMetadata(c *call) (*answer, *fault) {
	metadata, f := metadataOf(c.r.Header)
	if f != nil {
		return nil, f
	}
	q, f := s.find(c)
	if f != nil {
		return nil, f
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.metadata = metadata
	return empty(http.StatusNoContent), nil
}

const metaPrefix = "X-Ms-Meta-"

// identifier is what a name of metadata must be.
var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// metadataOf are the x-ms-meta- headers. Names are kept in lower case: HTTP
// does not tell cases apart.
func metadataOf(h http.Header) (map[string]string, *fault) {
	metadata := map[string]string{}
	for name, values := range h {
		rest, ok := strings.CutPrefix(name, metaPrefix)
		if !ok {
			continue
		}
		if !identifier.MatchString(rest) {
			return nil, faultf(http.StatusBadRequest, "InvalidMetadata", "The metadata specified is invalid. It has characters that are not permitted.")
		}
		metadata[strings.ToLower(rest)] = strings.Join(values, ",")
	}
	return metadata, nil
}

// maxList is the most queues of one page.
const maxList = 5000

// list is a page of the account's queues by name; the marker is the first name
// of the page.
func (s *Server) list(c *call) (*answer, *fault) {
	size, f := c.number("maxresults", maxList, 1, maxList)
	if f != nil {
		return nil, f
	}
	prefix, marker := c.parameter("prefix"), c.parameter("marker")
	s.mu.RLock()
	defer s.mu.RUnlock()
	queues := s.accounts[c.account]
	var names []string
	for _, name := range slices.Sorted(maps.Keys(queues)) {
		if strings.HasPrefix(name, prefix) && name >= marker {
			names = append(names, name)
		}
	}
	next := ""
	if len(names) > size {
		names, next = names[:size], names[size]
	}
	return listing(c, names, queues, next), nil
}

func listing(c *call, names []string, queues map[string]*queue, next string) *answer {
	a := document(http.StatusOK)
	a.raw(`<EnumerationResults ServiceEndpoint="http://`).text(c.r.Host + "/" + c.account).raw(`">`)
	for _, element := range []string{"Prefix", "Marker", "MaxResults"} {
		if value := c.parameter(strings.ToLower(element)); value != "" || element == "Prefix" {
			a.element(element, value)
		}
	}
	a.raw("<Queues>")
	for _, name := range names {
		a.raw("<Queue>").element("Name", name)
		if c.parameter("include") == "metadata" {
			queues[name].writeMetadata(a)
		}
		a.raw("</Queue>")
	}
	return a.raw("</Queues>").element("NextMarker", next).raw("</EnumerationResults>")
}

func (q *queue) writeMetadata(a *answer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	a.raw("<Metadata>")
	for _, name := range slices.Sorted(maps.Keys(q.metadata)) {
		a.element(name, q.metadata[name])
	}
	a.raw("</Metadata>")
}
