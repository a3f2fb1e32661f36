package handlers_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/samkeeper/samkeeper/handlers"
	"github.com/samkeeper/samkeeper/internal/consent"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/statuspage"
)

// everyAnswer is every way in which an HTTP function answers a browser.
func everyAnswer() map[string]struct {
	edit    func(*handlers.Rooms)
	refusal error
	request func() *http.Request
	status  int
} {
	type row = struct {
		edit    func(*handlers.Rooms)
		refusal error
		request func() *http.Request
		status  int
	}
	get := func(target string) func() *http.Request {
		return func() *http.Request { return httptest.NewRequest("GET", target, nil) }
	}
	post := func(body, kind string) func() *http.Request {
		return func() *http.Request {
			r := httptest.NewRequest("POST", "/api/consent/callback", strings.NewReader(body))
			r.Header.Set("Content-Type", kind)
			return r
		}
	}
	down := &consent.Refusal{Status: http.StatusServiceUnavailable, Reference: "ABCD-EFGH-JKLM", Plain: "The vault is away.", Fix: "Wait.", Err: errors.New("inner")}
	broken := func(r *handlers.Rooms) {
		r.Status = func(context.Context) (statuspage.Status, error) {
			return statuspage.Status{}, errors.New("table is away")
		}
	}
	crash := func(r *handlers.Rooms) {
		r.Status = func(context.Context) (statuspage.Status, error) { panic("oh") }
	}
	away := func(r *handlers.Rooms) {
		r.Prepare = func(context.Context) error { return errors.New("storage is away") }
	}
	return map[string]row{
		"redirect to the sign-in":       {nil, nil, get("/api/consent"), http.StatusSeeOther},
		"start at no tenant":            {nil, nil, get("/api/consent?tenant=x"), http.StatusBadRequest},
		"vault down before the sign-in": {nil, down, get("/api/consent"), http.StatusServiceUnavailable},
		"storage down at the start":     {away, nil, get("/api/consent"), http.StatusInternalServerError},
		"connected":                     {nil, nil, post("code=c&state=s", form), http.StatusOK},
		"connected by query":            {nil, nil, get("/api/consent/callback?code=c&state=s"), http.StatusOK},
		"refused":                       {nil, &consent.Refusal{Status: http.StatusForbidden, Plain: "No.", Fix: "Ask."}, post("code=c", form), http.StatusForbidden},
		"not a form":                    {nil, nil, post("{}", "application/json"), http.StatusUnsupportedMediaType},
		"another method":                {nil, nil, func() *http.Request { return httptest.NewRequest("DELETE", "/api/consent", nil) }, http.StatusMethodNotAllowed},
		"status page":                   {nil, nil, get("/api/status"), http.StatusOK},
		"status broken":                 {broken, nil, get("/api/status"), http.StatusInternalServerError},
		"status crashed":                {crash, nil, get("/api/status"), http.StatusInternalServerError},
		"health":                        {nil, nil, get("/api/health"), http.StatusOK},
		"health of an unwell app": {func(r *handlers.Rooms) {
			r.Probes = []handlers.Probe{{Name: "vault", Check: func(context.Context) error { return errors.New("away") }}}
		}, nil, get("/api/health"), http.StatusServiceUnavailable},
	}
}

// TestEveryAnswerIsProtected: not framed, not stored, no referrer, no script.
func TestEveryAnswerIsProtected(t *testing.T) {
	t.Parallel()
	for name, row := range everyAnswer() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, row.edit)
			h.refusal = row.refusal
			w := httptest.NewRecorder()
			h.ServeHTTP(w, row.request())
			if w.Code != row.status {
				t.Errorf("answer %d, want %d: %s", w.Code, row.status, w.Body)
			}
			protected(t, w)
			if w.Header().Get("X-Frame-Options") != "DENY" || strings.Contains(w.Body.String(), "<script") {
				t.Errorf("X-Frame-Options %q, body %s", w.Header().Get("X-Frame-Options"), w.Body)
			}
		})
	}
}

// TestNoAnswerUsesTheHost: whatever host, scheme or prefix the caller claims,
// links and redirects are those of the configuration.
func TestNoAnswerUsesTheHost(t *testing.T) {
	t.Parallel()
	const evil = "evil.example"
	for name, row := range everyAnswer() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, row.edit)
			h.refusal = row.refusal
			r := row.request()
			r.Host = evil
			for header, value := range map[string]string{
				"X-Forwarded-Host": evil, "X-Original-Host": evil, "X-Host": evil, "X-Forwarded-Server": evil, "X-Forwarded-Proto": "gopher",
				"Forwarded": "host=" + evil + ";proto=gopher", "X-Original-Url": "https://" + evil + "/", "X-Rewrite-Url": "/" + evil, "X-Forwarded-Prefix": "//" + evil,
				"Origin": "https://" + evil, "Referer": "https://" + evil + "/",
			} {
				r.Header.Set(header, value)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if got := fmt.Sprint(w.Header()) + w.Body.String(); strings.Contains(got, evil) || strings.Contains(got, "gopher") {
				t.Errorf("the caller's host comes back: %s", got)
			}
			if w.Code != row.status || w.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("answer %d, want %d; CORS %q", w.Code, row.status, w.Header().Get("Access-Control-Allow-Origin"))
			}
		})
	}
}

// TestVaultDownIsToldBeforeTheSignIn: a page with the reference, and neither
// redirect nor cookie.
func TestVaultDownIsToldBeforeTheSignIn(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.refusal = &consent.Refusal{
		Status: http.StatusServiceUnavailable, Reference: "ABCD-EFGH-JKLM", Plain: "The vault is unavailable for the moment.", Fix: "Wait a minute.",
		Err: &sam.Problem{Op: "prove that the vault can be written", Class: sam.ClassRetry},
	}
	w := h.ask("GET", "/api/consent", nil)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Location") != "" || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("answer %d to %q with cookie %q", w.Code, w.Header().Get("Location"), w.Header().Get("Set-Cookie"))
	}
	for _, want := range []string{"The vault is unavailable", "Wait a minute", "ABCD-EFGH-JKLM", "Nothing was stored"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestCookiesOfACallback(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		header []string
		status int
		cookie string
	}{
		"none":                          {nil, http.StatusOK, ""},
		"one":                           {[]string{consent.CookieName + "=a"}, http.StatusOK, "a"},
		"among others":                  {[]string{"x=1; " + consent.CookieName + "=a; y=2"}, http.StatusOK, "a"},
		"twice":                         {[]string{consent.CookieName + "=a; " + consent.CookieName + "=b"}, http.StatusBadRequest, ""},
		"twice, in two headers":         {[]string{consent.CookieName + "=a", consent.CookieName + "=b"}, http.StatusBadRequest, ""},
		"twice, equal":                  {[]string{consent.CookieName + "=a; " + consent.CookieName + "=a"}, http.StatusBadRequest, ""},
		"without its prefix":            {[]string{"samkeeper-consent=a"}, http.StatusOK, ""},
		"in another case":               {[]string{"__host-samkeeper-consent=a"}, http.StatusOK, ""},
		"a value that is no cookie's":   {[]string{consent.CookieName + "=\"a b\x00\""}, http.StatusOK, ""},
		"a name that contains the name": {[]string{"x" + consent.CookieName + "=a"}, http.StatusOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, nil)
			r := httptest.NewRequest("POST", "/api/consent/callback", strings.NewReader("code=c&state=s"))
			r.Header["Cookie"], r.Header["Content-Type"] = row.header, []string{form}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != row.status || h.callback.Cookie != row.cookie {
				t.Errorf("answer %d, cookie %q; want %d, %q", w.Code, h.callback.Cookie, row.status, row.cookie)
			}
			if row.status != http.StatusOK && h.callback.Method != "" {
				t.Error("the room was asked")
			}
		})
	}
}

// TestSlowBodiesAreCutOff: who sends the head of a callback and then nothing,
// or a byte now and then, is answered after half a minute and holds nothing
// longer. The clock is that of the test; the connection is a real server's.
func TestSlowBodiesAreCutOff(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		drip   time.Duration // between two bytes; 0 is never
		hangUp bool
		status int
	}{
		"nothing more comes":  {status: http.StatusRequestTimeout},
		"a byte every second": {drip: time.Second, status: http.StatusRequestTimeout},
		"hangs up half way":   {hangUp: true, status: http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := open(t, nil)
				began := time.Now()
				status, body := h.drip(t, row.drip, row.hangUp)
				if took := time.Since(began); took > 31*time.Second {
					t.Errorf("held for %v", took)
				}
				if row.hangUp {
					if lines := h.lines(t, "invocation failed"); len(lines) != 1 || lines[0]["status"] != float64(row.status) || lines[0]["level"] != "WARN" {
						t.Errorf("log: %v", lines)
					}
				} else if status != row.status || !strings.Contains(body, "Nothing was stored") {
					t.Errorf("answer %d %s", status, body)
				}
				if h.callback.Method != "" {
					t.Error("the room was asked")
				}
			})
		})
	}
}

// drip sends a callback whose body does not end over a connection in memory.
func (h *house) drip(t *testing.T, every time.Duration, hangUp bool) (status int, body string) {
	t.Helper()
	client, conn := net.Pipe()
	listener := &oneConn{conn: conn, closed: make(chan struct{})}
	server := &http.Server{Handler: h}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.WriteString(client, "POST /api/consent/callback HTTP/1.1\r\nHost: x\r\nContent-Type: "+form+"\r\nContent-Length: 4000\r\n\r\ncode=very")
		if hangUp {
			synctest.Wait() // until the handler waits for more
			_ = client.Close()
			return
		}
		for every > 0 {
			<-time.After(every) // of the test's own clock
			if _, err := io.WriteString(client, "x"); err != nil {
				return
			}
		}
	}()
	if answer, err := http.ReadResponse(bufio.NewReader(client), nil); err == nil {
		raw, _ := io.ReadAll(answer.Body)
		status, body = answer.StatusCode, string(raw)
	}
	_ = client.Close()
	<-done
	_ = server.Shutdown(t.Context())
	<-served
	return status, body
}

// oneConn is a listener with one connection.
type oneConn struct {
	conn   net.Conn
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error   { close(l.closed); return nil }
func (l *oneConn) Addr() net.Addr { return &net.IPAddr{} }
