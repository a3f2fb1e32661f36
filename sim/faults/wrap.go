package faults

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Wrap puts the injector in front of the handler of a logical host.
func (i *Injector) Wrap(host string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wait, hit := i.draw(host, r)
		if wait > 0 && !pause(r, wait) {
			return
		}
		switch {
		case hit == nil:
			next.ServeHTTP(w, r)
		case hit.Kind == Drop:
			panic(http.ErrAbortHandler) // the documented way to cut the connection
		case hit.Kind == Lost:
			next.ServeHTTP(&void{header: http.Header{}}, r)
			panic(http.ErrAbortHandler)
		default:
			i.answer(w, host, *hit)
		}
	})
}

// pause waits, and is false when the caller gave up meanwhile.
func pause(r *http.Request, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// void swallows an answer.
type void struct{ header http.Header }

func (v *void) Header() http.Header         { return v.header }
func (v *void) Write(p []byte) (int, error) { return len(p), nil }
func (v *void) WriteHeader(int)             {}

func (i *Injector) answer(w http.ResponseWriter, host string, f Fault) {
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", i.retryAfter(f.RetryAfter))
	}
	kind, body := render(host, f)
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(f.Status)
	_, _ = w.Write([]byte(body)) // the client hung up: nobody is left to tell
}

// retryAfter turns "date:30" into the HTTP date 30 seconds from now.
func (i *Injector) retryAfter(value string) string {
	text, ok := strings.CutPrefix(value, "date:")
	if !ok {
		return value
	}
	seconds, err := strconv.Atoi(text)
	if err != nil {
		return value
	}
	return i.now().Add(time.Duration(seconds) * time.Second).UTC().Format(http.TimeFormat)
}

// render makes the body. The login host throttles in plain text and breaks
// down in HTML; the others stay with JSON of their own shape.
func render(host string, f Fault) (contentType, body string) {
	format := f.Format
	if format == Native {
		format = native(host, f.Status)
	}
	name := http.StatusText(f.Status)
	if format == HTML {
		return "text/html; charset=utf-8", "<html><head><title>" + name + "</title></head><body><h2>Our services aren't available right now</h2><p>HTTP Error " + strconv.Itoa(f.Status) + ". " + name + ".</p></body></html>"
	}
	if format == Text {
		return "text/plain; charset=utf-8", name
	}
	raw, err := json.Marshal(shape(host, f.Status))
	if err != nil {
		return "text/plain; charset=utf-8", name
	}
	return "application/json; charset=utf-8", string(raw)
}

func native(host string, status int) Format {
	switch {
	case host == "login" && status == http.StatusTooManyRequests:
		return Text
	case host == "login" && status >= http.StatusInternalServerError:
		return HTML
	}
	return JSON
}

// codes are the error codes of throttling, per host.
var codes = map[string]string{"vault": "Throttled", "graph": "TooManyRequests", "arm": "TooManyRequests"}

func shape(host string, status int) map[string]any {
	text := http.StatusText(status)
	code := strings.ReplaceAll(text, " ", "")
	if status == http.StatusTooManyRequests && codes[host] != "" {
		code = codes[host]
	}
	switch {
	case host == "partnercenter" && status == http.StatusTooManyRequests:
		return map[string]any{"statusCode": status, "message": "Rate limit is exceeded."}
	case host == "partnercenter":
		return map[string]any{"code": 800003, "description": text, "data": []string{}, "source": "PartnerFD"}
	case host == "login":
		return map[string]any{"error": "temporarily_unavailable", "error_description": "AADSTS90033: A transient error has occurred. Please try again.", "error_codes": []int{90033}}
	case host == "identity":
		return map[string]any{"statusCode": status, "message": text}
	}
	return map[string]any{"error": map[string]any{"code": code, "message": text}}
}
