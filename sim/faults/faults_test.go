package faults_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/samkeeper/samkeeper/sim/faults"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func injector() *faults.Injector { return faults.New(1, func() time.Time { return noon }) }

func must(t *testing.T, i *faults.Injector, f faults.Fault) string {
	t.Helper()
	id, err := i.Set(f)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// ask sends a request through the injector and returns the answer.
func ask(i *faults.Injector, host, method, target string, header http.Header) *httptest.ResponseRecorder {
	handled := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	r := httptest.NewRequest(method, target, nil)
	for k, v := range header {
		r.Header[k] = v
	}
	w := httptest.NewRecorder()
	i.Wrap(host, handled).ServeHTTP(w, r)
	return w
}

func TestSelectors(t *testing.T) {
	t.Parallel()
	// {"tid":"tenant-1"}
	token := http.Header{"Authorization": {"Bearer e30.eyJ0aWQiOiJ0ZW5hbnQtMSJ9.x"}}
	for name, row := range map[string]struct {
		fault  faults.Fault
		host   string
		method string
		target string
		header http.Header
		want   bool
	}{
		"everything":       {fault: faults.Fault{}, host: "arm", target: "/x", want: true},
		"host":             {fault: faults.Fault{Host: "graph"}, host: "graph", target: "/x", want: true},
		"other host":       {fault: faults.Fault{Host: "graph"}, host: "arm", target: "/x"},
		"path":             {fault: faults.Fault{Path: "/token"}, host: "login", target: "/a/token", want: true},
		"other path":       {fault: faults.Fault{Path: "/token"}, host: "login", target: "/a/authorize"},
		"method":           {fault: faults.Fault{Method: "post"}, host: "login", method: "POST", target: "/", want: true},
		"other method":     {fault: faults.Fault{Method: "POST"}, host: "login", target: "/"},
		"tenant in path":   {fault: faults.Fault{Tenant: "TENANT-1"}, host: "login", target: "/tenant-1/oauth2", want: true},
		"tenant in token":  {fault: faults.Fault{Tenant: "tenant-1"}, host: "arm", target: "/x", header: token, want: true},
		"other tenant":     {fault: faults.Fault{Tenant: "tenant-2"}, host: "arm", target: "/x", header: token},
		"tenant, no token": {fault: faults.Fault{Tenant: "tenant-1"}, host: "arm", target: "/x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := injector()
			row.fault.Kind, row.fault.Status = faults.Status, 500
			must(t, i, row.fault)
			method := row.method
			if method == "" {
				method = http.MethodGet
			}
			if got := ask(i, row.host, method, row.target, row.header).Code == 500; got != row.want {
				t.Errorf("hit = %v, want %v", got, row.want)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		host       string
		fault      faults.Fault
		kind, part string
		retryAfter string
	}{
		"login throttles in text":  {"login", faults.Fault{Status: 429, RetryAfter: "60"}, "text/plain", "Too Many Requests", "60"},
		"login breaks in HTML":     {"login", faults.Fault{Status: 503}, "text/html", "<h2>", ""},
		"login in JSON":            {"login", faults.Fault{Status: 503, Format: faults.JSON}, "application/json", "AADSTS90033", ""},
		"vault throttles":          {"vault", faults.Fault{Status: 429}, "application/json", `"Throttled"`, ""},
		"graph throttles by date":  {"graph", faults.Fault{Status: 429, RetryAfter: "date:30"}, "application/json", `"TooManyRequests"`, "Sat, 21 Nov 2026 12:00:30 GMT"},
		"partner center throttles": {"partnercenter", faults.Fault{Status: 429}, "application/json", `"statusCode":429`, ""},
		"partner center breaks":    {"partnercenter", faults.Fault{Status: 500}, "application/json", `"code":800003`, ""},
		"arm breaks":               {"arm", faults.Fault{Status: 502}, "application/json", `"BadGateway"`, ""},
		"identity breaks":          {"identity", faults.Fault{Status: 500}, "application/json", `"statusCode":500`, ""},
		"arm in HTML":              {"arm", faults.Fault{Status: 502, Format: faults.HTML}, "text/html", "Bad Gateway", ""},
		"arm in text":              {"arm", faults.Fault{Status: 502, Format: faults.Text}, "text/plain", "Bad Gateway", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := injector()
			row.fault.Kind = faults.Status
			must(t, i, row.fault)
			w := ask(i, row.host, http.MethodGet, "/", nil)
			if w.Code != row.fault.Status || !strings.HasPrefix(w.Header().Get("Content-Type"), row.kind) ||
				!strings.Contains(w.Body.String(), row.part) || w.Header().Get("Retry-After") != row.retryAfter {
				t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
			}
		})
	}
}

func TestTimesAndPercent(t *testing.T) {
	t.Parallel()
	i := injector()
	must(t, i, faults.Fault{Kind: faults.Status, Status: 500, Times: 2})
	codes := []int{}
	for range 3 {
		codes = append(codes, ask(i, "arm", http.MethodGet, "/", nil).Code)
	}
	if codes[0] != 500 || codes[1] != 500 || codes[2] != 204 || len(i.Active()) != 0 {
		t.Errorf("codes = %v, active %v", codes, i.Active())
	}
	count := func() (n int) {
		i := injector()
		must(t, i, faults.Fault{Kind: faults.Status, Status: 500, Percent: 20})
		for range 500 {
			if ask(i, "arm", http.MethodGet, "/", nil).Code == 500 {
				n++
			}
		}
		return n
	}
	first := count()
	if first < 60 || first > 140 || first != count() {
		t.Errorf("%d of 500 failed, then %d", first, count())
	}
}

func TestFirstFaultDecidesAndRemovalWorks(t *testing.T) {
	t.Parallel()
	i := injector()
	id := must(t, i, faults.Fault{Kind: faults.Status, Status: 500})
	must(t, i, faults.Fault{Kind: faults.Status, Status: 501, Times: 1})
	if code := ask(i, "arm", http.MethodGet, "/", nil).Code; code != 500 {
		t.Errorf("code = %d", code)
	}
	if !i.Remove(id) || i.Remove(id) {
		t.Error("a fault is removed once")
	}
	if code := ask(i, "arm", http.MethodGet, "/", nil).Code; code != 501 {
		t.Errorf("the second fault was used up by a request it did not decide: %d", code)
	}
	must(t, i, faults.Fault{Kind: faults.Drop})
	i.Clear()
	if code := ask(i, "arm", http.MethodGet, "/", nil).Code; code != 204 {
		t.Errorf("code = %d after clear", code)
	}
}

func TestLatencyWaitsButNotForTheGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := injector()
		must(t, i, faults.Fault{Kind: faults.Latency, Latency: "3s"})
		begun := time.Now()
		if w := ask(i, "arm", http.MethodGet, "/", nil); w.Code != 204 || time.Since(begun) != 3*time.Second {
			t.Errorf("%d after %s", w.Code, time.Since(begun))
		}
	})
}

// Over a real connection: dropped before means not handled, lost means handled.
func TestDropAndLost(t *testing.T) {
	t.Parallel()
	for kind, handled := range map[faults.Kind]int32{faults.Drop: 0, faults.Lost: 1} {
		var count atomic.Int32
		i := injector()
		must(t, i, faults.Fault{Kind: kind})
		server := httptest.NewUnstartedServer(i.Wrap("login", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			count.Add(1)
			w.Header().Set("X", "y")
			w.WriteHeader(http.StatusOK)
			_, _ = io.WriteString(w, "answer")
		})))
		server.EnableHTTP2 = true
		server.StartTLS()
		res, err := server.Client().Post(server.URL, "text/plain", strings.NewReader("x"))
		if err == nil {
			_ = res.Body.Close()
			t.Errorf("%s: got an answer: %d", kind, res.StatusCode)
		}
		server.Close()
		if count.Load() != handled {
			t.Errorf("%s: handled %d times, want %d", kind, count.Load(), handled)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]faults.Fault{
		"no kind":      {},
		"other kind":   {Kind: "flood"},
		"no status":    {Kind: faults.Status},
		"good status":  {Kind: faults.Status, Status: 200},
		"no latency":   {Kind: faults.Latency},
		"negative":     {Kind: faults.Latency, Latency: "-1s"},
		"percent":      {Kind: faults.Drop, Percent: 101},
		"less than 0":  {Kind: faults.Drop, Percent: -1},
		"never":        {Kind: faults.Drop, Times: -1},
		"no duration":  {Kind: faults.Latency, Latency: "soon"},
		"strange 6xx":  {Kind: faults.Status, Status: 600},
		"lost of -1 %": {Kind: faults.Lost, Percent: -0.5},
	} {
		if _, err := injector().Set(f); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
