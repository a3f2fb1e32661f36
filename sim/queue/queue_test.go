package queue_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"

	"github.com/samkeeper/samkeeper/sim/queue"
)

// clock is a time that tests move.
type clock struct{ offset atomic.Int64 }

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func (c *clock) now() time.Time          { return noon.Add(time.Duration(c.offset.Load())) }
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

// made is a service of ours with one queue.
func made(t *testing.T, options queue.Options) (*queue.Server, *bench) {
	t.Helper()
	service, client := ours(t, options)
	b := &bench{t, t.Context(), client, client.NewQueueClient("jobs")}
	if _, err := b.queue.Create(b.ctx, nil); err != nil {
		t.Fatal(err)
	}
	return service, b
}

func TestMessagesComeBackAndExpireByTheClock(t *testing.T) {
	t.Parallel()
	var c clock
	_, b := made(t, queue.Options{Now: c.now})
	b.put("mortal", &azqueue.EnqueueMessageOptions{TimeToLive: new(int32(300))})
	b.put("immortal", &azqueue.EnqueueMessageOptions{TimeToLive: new(int32(-1)), VisibilityTimeout: new(int32(90))})
	first := b.get(32)
	b.want("at once", len(first), 1)
	c.advance(59 * time.Second)
	b.want("a moment before the timeout", len(b.get(32)), 0)
	c.advance(time.Second)
	again := b.get(32)
	b.want("after the timeout", len(again), 1)
	b.want("count", *again[0].DequeueCount, int64(2))
	c.advance(30 * time.Second)
	b.want("put for later", *b.get(32)[0].MessageText, "immortal")
	b.want("counted", b.count(), int64(2))
	c.advance(4 * time.Minute)
	b.want("counted once the first is too old", b.count(), int64(1))
	_, err := b.queue.DeleteMessage(b.ctx, *again[0].MessageID, *again[0].PopReceipt, nil)
	b.want("delete what expired", code(err), "404 MessageNotFound")
	c.advance(50 * 365 * 24 * time.Hour)
	b.want("after 50 years", len(b.get(32)), 1)
}

func TestMishaps(t *testing.T) {
	t.Parallel()
	var c clock
	var next atomic.Pointer[queue.Mishap]
	next.Store(&queue.Mishap{})
	fate := func(call queue.Call) queue.Mishap {
		if call.Account != "acct" || call.Queue != "jobs" {
			t.Errorf("the fate of %+v is asked for", call)
		}
		return *next.Load()
	}
	_, b := made(t, queue.Options{Now: c.now, Fate: fate})
	put := func(m queue.Mishap) (string, int) {
		next.Store(&m)
		_, err := b.queue.EnqueueMessage(b.ctx, "x", nil)
		next.Store(&queue.Mishap{})
		have := len(b.get(32))
		if _, err := b.queue.ClearMessages(b.ctx, nil); err != nil {
			t.Fatal(err)
		}
		return code(err), have
	}
	for name, row := range map[string]struct {
		mishap queue.Mishap
		err    string
		have   int
	}{
		"none":    {queue.Mishap{}, "", 1},
		"lost":    {queue.Mishap{Drop: true}, "", 0},
		"doubled": {queue.Mishap{Copies: 2}, "", 3},
		"late":    {queue.Mishap{Delay: time.Minute}, "", 0},
		"busy":    {queue.Mishap{Refuse: http.StatusServiceUnavailable}, "503 ServerBusy", 0},
		"broken":  {queue.Mishap{Refuse: http.StatusInternalServerError}, "500 InternalError", 0},
	} {
		if err, have := put(row.mishap); err != row.err || have != row.have {
			t.Errorf("%s: error %q and %d messages, want %q and %d", name, err, have, row.err, row.have)
		}
	}
	if err, have := put(queue.Mishap{LoseAnswer: true}); !strings.Contains(err, "EOF") || have != 1 {
		t.Errorf("an answer that is lost: error %q and %d messages", err, have)
	}
	next.Store(&queue.Mishap{Delay: time.Minute})
	b.put("late", nil)
	next.Store(&queue.Mishap{StayVisible: true})
	c.advance(time.Minute)
	first, second := b.get(1)[0], b.get(1)[0]
	b.want("handed out twice", *first.MessageID, *second.MessageID)
	next.Store(&queue.Mishap{})
	_, err := b.queue.DeleteMessage(b.ctx, *first.MessageID, *first.PopReceipt, nil)
	b.want("the first receiver's receipt", code(err), "400 PopReceiptMismatch")
}

func TestCounts(t *testing.T) {
	t.Parallel()
	service, b := made(t, queue.Options{})
	b.put("x", nil)
	b.put("y", nil)
	b.get(1)
	if have := fmt.Sprint(service.Counts()); have != "map[CreateQueue:1 GetMessages:1 PutMessage:2]" {
		t.Error(have)
	}
}

// TestDocuments compares with what the service's documentation shows.
func TestDocuments(t *testing.T) {
	t.Parallel()
	var c clock
	service, b := made(t, queue.Options{Now: c.now})
	b.put("a&b", nil)
	body := func(response *http.Response) string {
		raw, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		if response.Header.Get("X-Ms-Request-Id") == "" || response.Header.Get("X-Ms-Version") == "" {
			t.Error("headers of every answer are missing:", response.Header)
		}
		return regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|AgA[A-Za-z0-9+/=]{21}|Time:[^<]*`).ReplaceAllString(string(raw), "?")
	}
	got := answered(t, service, b, func() { b.get(1) })
	const times = "<MessageId>?</MessageId><InsertionTime>Sat, 21 Nov 2026 12:00:00 GMT</InsertionTime><ExpirationTime>Sat, 28 Nov 2026 12:00:00 GMT</ExpirationTime>"
	b.want("messages", body(got), "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?><QueueMessagesList><QueueMessage>"+times+
		"<PopReceipt>?</PopReceipt><TimeNextVisible>Sat, 21 Nov 2026 12:01:00 GMT</TimeNextVisible><DequeueCount>1</DequeueCount><MessageText>a&amp;b</MessageText></QueueMessage></QueueMessagesList>")
	b.want("type", got.Header.Get("Content-Type"), "application/xml")
	refused := answered(t, service, b, func() { _, _ = b.service.NewQueueClient("none").GetProperties(b.ctx, nil) })
	b.want("a failure", body(refused), "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>QueueNotFound</Code><Message>The specified queue does not exist.\nRequestId:?\n?</Message></Error>")
	b.want("its code", refused.Header.Get("X-Ms-Error-Code"), "QueueNotFound")
}

// answered plays the last request of an act again, against the service itself,
// with the signature it had.
func answered(t *testing.T, service *queue.Server, b *bench, act func()) *http.Response {
	t.Helper()
	var last *http.Response
	tap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := httptest.NewRecorder()
		service.ServeHTTP(seen, r)
		last = seen.Result()
		for name, values := range seen.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(seen.Code)
		_, _ = w.Write(seen.Body.Bytes())
	}))
	defer tap.Close()
	b.service = clientOf(t, "acct", tap.URL+"/acct")
	b.queue = b.service.NewQueueClient("jobs")
	act()
	return last
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	service, b := made(t, queue.Options{})
	for _, row := range []struct{ method, target, want string }{
		{http.MethodGet, "/acct", "NoAuthenticationInformation"},
		{http.MethodGet, "/", "NoAuthenticationInformation"},
	} {
		w := httptest.NewRecorder()
		service.ServeHTTP(w, httptest.NewRequest(row.method, row.target, nil))
		b.want(row.method+" "+row.target, w.Header().Get("X-Ms-Error-Code"), row.want)
	}
	trusting := queue.Trusting(service)
	for name, row := range map[string]struct{ method, target, body, want string }{
		"a verb":               {http.MethodPatch, "/acct/jobs", "", "UnsupportedHttpVerb"},
		"properties":           {http.MethodGet, "/acct?comp=properties", "", "UnsupportedHttpVerb"},
		"a deep path":          {http.MethodGet, "/acct/jobs/messages/a/b", "", "InvalidUri"},
		"another collection":   {http.MethodGet, "/acct/jobs/things", "", "InvalidUri"},
		"no XML":               {http.MethodPost, "/acct/jobs/messages", "text", "InvalidXmlDocument"},
		"no body":              {http.MethodPost, "/acct/jobs/messages", "", "InvalidXmlDocument"},
		"no text":              {http.MethodPost, "/acct/jobs/messages", "<QueueMessage></QueueMessage>", "InvalidXmlDocument"},
		"a control character":  {http.MethodPost, "/acct/jobs/messages", "<QueueMessage><MessageText>\x01</MessageText></QueueMessage>", "InvalidXmlDocument"},
		"a huge body":          {http.MethodPost, "/acct/jobs/messages", strings.Repeat(" ", 1<<20), "RequestBodyTooLarge"},
		"a number":             {http.MethodGet, "/acct/jobs/messages?numofmessages=x", "", "InvalidQueryParameterValue"},
		"no receipt":           {http.MethodDelete, "/acct/jobs/messages/id", "", "MissingRequiredQueryParameter"},
		"no timeout":           {http.MethodPut, "/acct/jobs/messages/id?popreceipt=x", "", "MissingRequiredQueryParameter"},
		"an id that is no id":  {http.MethodDelete, "/acct/jobs/messages/%2e%2e?popreceipt=x", "", "MessageNotFound"},
		"an upside-down limit": {http.MethodGet, "/acct?comp=list&maxresults=0", "", "OutOfRangeQueryParameterValue"},
	} {
		w := httptest.NewRecorder()
		trusting.ServeHTTP(w, httptest.NewRequest(row.method, row.target, strings.NewReader(row.body)))
		if have := w.Header().Get("X-Ms-Error-Code"); have != row.want {
			t.Errorf("%s: %d %q, want %q", name, w.Code, have, row.want)
		}
		if err := xml.Unmarshal([]byte(strings.TrimPrefix(w.Body.String(), "\ufeff")), new(struct{ Code string })); err != nil {
			t.Errorf("%s: the body is no XML: %v", name, err)
		}
	}
	for name, row := range map[string]struct{ header, value, want string }{
		"a version that is none":    {"X-Ms-Version", "latest", "InvalidHeaderValue"},
		"metadata of no name":       {"X-Ms-Meta-", "1", "InvalidMetadata"},
		"metadata of a strange one": {"X-Ms-Meta-1!", "1", "InvalidMetadata"},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPut, "/acct/other", nil)
		r.Header.Set(row.header, row.value)
		trusting.ServeHTTP(w, r)
		b.want(name, w.Header().Get("X-Ms-Error-Code"), row.want)
	}
}

// TestManyReceivers drains a queue from many sides: every message once.
func TestManyReceivers(t *testing.T) {
	t.Parallel()
	_, b := made(t, queue.Options{})
	const messages, receivers = 400, 8
	var all sync.WaitGroup
	for r := range receivers {
		all.Go(func() {
			for i := range messages / receivers {
				if _, err := b.queue.EnqueueMessage(b.ctx, fmt.Sprint(r, i), nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	var seen sync.Map
	var total atomic.Int64
	for range receivers {
		all.Go(func() {
			for total.Load() < messages {
				response, err := b.queue.DequeueMessages(b.ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: new(int32(7))})
				if err != nil {
					t.Error(err)
					return
				}
				for _, m := range response.Messages {
					total.Add(1)
					if _, twice := seen.LoadOrStore(*m.MessageText, true); twice {
						t.Error("received twice:", *m.MessageText)
					}
					if _, err := b.queue.DeleteMessage(b.ctx, *m.MessageID, *m.PopReceipt, nil); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	b.want("left", b.count(), int64(0))
}

func FuzzRequests(f *testing.F) {
	service, err := queue.New(queue.Options{})
	if err != nil {
		f.Fatal(err)
	}
	trusting := queue.Trusting(service)
	f.Add("PUT", "/a/jobs", "", "")
	f.Add("POST", "/a/jobs/messages", "visibilitytimeout=1&messagettl=-1", "<QueueMessage><MessageText>x</MessageText></QueueMessage>")
	f.Add("GET", "/a/jobs/messages", "numofmessages=32&peekonly=true", "")
	f.Add("DELETE", "/a/jobs/messages/id", "popreceipt=x", "")
	f.Add("GET", "/a", "comp=list&include=metadata&marker=%00", "")
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		r := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(body))
		r.Method, r.URL.Path, r.URL.RawQuery = method, path, query
		w := httptest.NewRecorder()
		trusting.ServeHTTP(w, r)
		if w.Code < 200 || w.Code >= 500 {
			t.Fatalf("%s %q?%q: %d %s", method, path, query, w.Code, w.Body)
		}
		if raw := strings.TrimPrefix(w.Body.String(), "\ufeff"); raw != "" {
			if err := xml.Unmarshal([]byte(raw), new(struct{ XMLName xml.Name })); err != nil {
				t.Fatalf("%s %q?%q: the answer is no XML: %v\n%s", method, path, query, err, raw)
			}
		}
	})
}

func BenchmarkPutGetDelete(b *testing.B) {
	for _, backlog := range []int{100, 100_000} {
		b.Run(fmt.Sprint("backlog=", backlog), func(b *testing.B) {
			service, err := queue.New(queue.Options{})
			if err != nil {
				b.Fatal(err)
			}
			trusting := queue.Trusting(service)
			do := func(method, target, body string) string {
				w := httptest.NewRecorder()
				trusting.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
				if w.Code >= 300 {
					b.Fatal(w.Code, w.Body)
				}
				return w.Body.String()
			}
			const text = "<QueueMessage><MessageText>eyJ2IjoxfQ==</MessageText></QueueMessage>"
			do(http.MethodPut, "/a/jobs", "")
			for range backlog {
				do(http.MethodPost, "/a/jobs/messages", text)
			}
			find := regexp.MustCompile(`<MessageId>(.*?)</MessageId>.*<PopReceipt>(.*?)</PopReceipt>`)
			b.ReportAllocs()
			for b.Loop() {
				do(http.MethodPost, "/a/jobs/messages", text)
				m := find.FindStringSubmatch(do(http.MethodGet, "/a/jobs/messages", ""))
				do(http.MethodDelete, "/a/jobs/messages/"+m[1]+"?popreceipt="+strings.ReplaceAll(m[2], "+", "%2B"), "")
			}
		})
	}
}
