package upstream_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/upstream"
)

var now = time.Date(2026, 11, 21, 21, 30, 0, 0, time.UTC)

func TestParseRetryAfter(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		value string
		want  time.Duration
	}{
		{"57", 57 * time.Second},
		{" 5 ", 5 * time.Second},
		{"0", 0},
		{"-3", 0},
		{"", 0},
		{"soon", 0},
		{"1.5", 1500 * time.Millisecond},
		{"2.128", 2128 * time.Millisecond}, // as Graph writes it
		{"NaN", 0},
		{"-Inf", 0},
		{"99999999999999999999", 24 * time.Hour},
		{"9999999", 24 * time.Hour},
		{"Sat, 21 Nov 2026 21:31:00 GMT", time.Minute},
		{"Saturday, 21-Nov-26 21:31:00 GMT", time.Minute},
		{"Sat, 21 Nov 2026 21:29:00 GMT", 0},
		{"Sat, 21 Nov 2099 21:29:00 GMT", 24 * time.Hour},
	} {
		if got := upstream.ParseRetryAfter(tt.value, now); got != tt.want {
			t.Errorf("Retry-After %q: got %v, want %v", tt.value, got, tt.want)
		}
	}
}

func FuzzParseRetryAfter(f *testing.F) {
	f.Add("57")
	f.Add("Sat, 21 Nov 2026 21:31:00 GMT")
	f.Add("-1")
	f.Fuzz(func(t *testing.T, value string) {
		if got := upstream.ParseRetryAfter(value, now); got < 0 || got > 24*time.Hour {
			t.Errorf("got %v", got)
		}
	})
}

func TestParseErrorBody(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body string
		want       upstream.ErrorBody
	}{
		{"nested", `{"error":{"code":"A","message":"m"}}`, upstream.ErrorBody{Code: "A", Message: "m"}},
		{"bare", `{"code":"A","message":"m"}`, upstream.ErrorBody{Code: "A", Message: "m"}},
		{"Pascal case", `{"Code":"A","Message":"m"}`, upstream.ErrorBody{Code: "A", Message: "m"}},
		{"Pascal case nested", `{"Error":{"Code":"A","Message":"m"}}`, upstream.ErrorBody{Code: "A", Message: "m"}},
		{"number as code", `{"error":{"code":429,"message":"m"}}`, upstream.ErrorBody{Code: "429", Message: "m"}},
		{
			"innererror", `{"error":{"code":"A","message":"m","innererror":{"code":"B","innererror":{"code":"C"}}}}`,
			upstream.ErrorBody{Code: "A", Message: "m", Inner: []string{"B", "C"}},
		},
		{
			"innerError", `{"error":{"code":"A","message":"m","innerError":{"code":"B","request-id":"x"}}}`,
			upstream.ErrorBody{Code: "A", Message: "m", Inner: []string{"B"}},
		},
		{
			"details", `{"error":{"code":"A","message":"m","details":[{"code":"B"},{"code":"C"}]}}`,
			upstream.ErrorBody{Code: "A", Message: "m", Inner: []string{"B", "C"}},
		},
		{"text instead of an object", `{"error":"invalid","code":"x"}`, upstream.ErrorBody{}},
		{"message as object", `{"error":{"code":"A","message":{"value":"m"}}}`, upstream.ErrorBody{Code: "A"}},
		{"HTML", `<html></html>`, upstream.ErrorBody{}},
		{"empty", ``, upstream.ErrorBody{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, upstream.ParseErrorBody([]byte(tt.body))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzParseErrorBody: no body hides an error or takes long.
func FuzzParseErrorBody(f *testing.F) {
	f.Add([]byte(`{"error":{"code":"A","innerError":{"code":"B"},"details":[{"code":"C"}]}}`))
	f.Add([]byte(`{"Code":1,"Message":null}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e := upstream.ParseErrorBody(body)
		if e.Code != "" && !e.Says(e.Code) {
			t.Errorf("%+v does not say its own code", e)
		}
	})
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	h.Set("x-ms-correlation-request-id", "second")
	if got := (upstream.Answer{Header: h}).RequestID(); got != "second" {
		t.Errorf("got %q", got)
	}
	h.Set("x-ms-request-id", "first")
	if got := (upstream.Answer{Header: h}).RequestID(); got != "first" {
		t.Errorf("got %q", got)
	}
}

// A refusal of the token is not dressed up as one of the service.
func TestProblemsPassThrough(t *testing.T) {
	t.Parallel()
	want := &sam.Problem{Op: "redeem", Class: sam.ClassReconsent, Code: "AADSTS700082"}
	if got := upstream.Problem(upstream.Call{Op: "list"}, want, now, nil); sam.AsProblem(got) != want {
		t.Errorf("got %v", got)
	}
	if err := upstream.Problem(upstream.Call{}, nil, now, nil); err != nil {
		t.Errorf("nil became %v", err)
	}
}

func TestStatusVerdict(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]sam.Class{
		400: sam.ClassConfiguration, 401: sam.ClassRetry, 404: sam.ClassRetry, 405: sam.ClassConfiguration,
		408: sam.ClassRetry, 409: sam.ClassRetry, 429: sam.ClassRetry, 500: sam.ClassRetry, 599: sam.ClassRetry,
	} {
		if v := upstream.StatusVerdict(status); v.Class != want || v.Plain == "" || v.Fix == "" {
			t.Errorf("%d: %+v, want class %s", status, v, want)
		}
	}
}
