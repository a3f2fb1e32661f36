package record

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// keptRecent bounds the list of single requests.
const keptRecent = 1000

// Count is how often a route of a logical host was answered with a status.
type Count struct {
	Host   string `json:"host"`
	Method string `json:"method"`
	Route  string `json:"route"`  // ids replaced by {id}
	Status int    `json:"status"` // 0: the answer never went out
	Count  int    `json:"count"`
}

// Request is one request, masked.
type Request struct {
	At     time.Time         `json:"at"`
	Host   string            `json:"host"`
	Method string            `json:"method"`
	Path   string            `json:"path"`
	Fields map[string]string `json:"fields,omitempty"` // query and form; values masked
	Status int               `json:"status"`
}

type key struct {
	host, method, route string
	status              int
}

// Recorder is safe for concurrent use.
type Recorder struct {
	now func() time.Time

	mu     sync.Mutex
	counts map[key]int
	recent []Request
}

// New makes an empty recorder; now stamps the requests.
func New(now func() time.Time) *Recorder {
	return &Recorder{now: now, counts: map[key]int{}}
}

// Wrap records every request to the handler of a logical host.
func (c *Recorder) Wrap(host string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &statusWriter{ResponseWriter: w}
		defer func() { c.add(host, r, seen.status) }()
		next.ServeHTTP(seen, r)
		if seen.status == 0 {
			seen.status = http.StatusOK
		}
	})
}

func (c *Recorder) add(host string, r *http.Request, status int) {
	entry := Request{At: c.now(), Host: host, Method: r.Method, Path: r.URL.Path, Status: status, Fields: mask(r.URL.Query(), r.PostForm)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[key{host, r.Method, Route(r.URL.Path), status}]++
	c.recent = append(c.recent, entry)
	if len(c.recent) > keptRecent {
		c.recent = slices.Delete(c.recent, 0, len(c.recent)-keptRecent)
	}
}

// Counts lists the counts, ordered by host, route, method and status.
func (c *Recorder) Counts() []Count {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]Count, 0, len(c.counts))
	for k, n := range c.counts {
		list = append(list, Count{k.host, k.method, k.route, k.status, n})
	}
	slices.SortFunc(list, func(a, b Count) int {
		return cmp.Or(strings.Compare(a.Host, b.Host), strings.Compare(a.Route, b.Route),
			strings.Compare(a.Method, b.Method), cmp.Compare(a.Status, b.Status))
	})
	return list
}

// Recent lists the last requests, oldest first.
func (c *Recorder) Recent() []Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.recent)
}

// Total counts the requests to a host whose path contains part.
func (c *Recorder) Total(host, part string) int {
	total := 0
	for _, n := range c.Counts() {
		if n.Host == host && strings.Contains(n.Route, part) {
			total += n.Count
		}
	}
	return total
}

var ids = regexp.MustCompile(`(?i)^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})$`)

// Route is a path with its ids replaced, so that counts stay few.
func Route(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if ids.MatchString(p) || len(p) == 73 && ids.MatchString(p[:36]) && ids.MatchString(p[37:]) { // one, or two that are joined
			parts[i] = "{id}"
		}
	}
	return strings.Join(parts, "/")
}

// statusWriter notes the status that goes out.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap serves http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
