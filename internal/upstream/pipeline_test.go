package upstream_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/upstream"
)

const tenant = sam.TenantID("11111111-1111-4111-8111-111111111111")

// credential counts the tokens it gives and notes the claims asked for.
type credential struct {
	mu     sync.Mutex
	asked  int
	claims []string
}

func (c *credential) Tenant() sam.TenantID { return tenant }

func (c *credential) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	c.claims = append(c.claims, o.Claims)
	return azcore.AccessToken{Token: "secret-token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// serve starts a server and returns its URL, client and request count.
func serve(t *testing.T, h http.HandlerFunc) (url string, client *http.Client, count func() int) {
	t.Helper()
	var mu sync.Mutex
	n := 0
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n++
		mu.Unlock()
		h(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, srv.Client(), func() int { mu.Lock(); defer mu.Unlock(); return n }
}

// do sends one GET through a pipeline for base and returns the error a client
// would see.
func do(t *testing.T, base, at string, client *http.Client, cred azcore.TokenCredential) error {
	t.Helper()
	options, err := upstream.ClientOptions(base, client)
	if err != nil {
		t.Fatal(err)
	}
	pipeline := upstream.NewPipeline(options, cred, "https://example.test/.default")
	req, err := runtime.NewRequest(t.Context(), http.MethodGet, at)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := pipeline.Do(req)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return runtime.NewResponseError(resp)
	}
	var out struct{}
	return runtime.UnmarshalAsJSON(resp, &out)
}

func TestRepetition(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status int
		header map[string]string
		want   int
	}{
		{"ok", 200, nil, 1},
		{"throttled", 429, map[string]string{"Retry-After": "60"}, 1},
		{"throttled without a time", 429, nil, 1},
		{"outage", 503, nil, 2},
		{"gateway", 504, nil, 2},
		{"outage with a time", 503, map[string]string{"Retry-After": "60"}, 1},
		{"not implemented", 501, nil, 1},
		{"timeout by the server", 408, nil, 1},
		{"forbidden", 403, nil, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url, client, count := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range tt.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, "{}")
			})
			begun := time.Now()
			err := do(t, url, url, client, &credential{})
			if count() != tt.want || (err == nil) != (tt.status == 200) {
				t.Errorf("%d requests, %v; want %d", count(), err, tt.want)
			}
			if took := time.Since(begun); took > 30*time.Second {
				t.Errorf("took %v: somebody waited", took)
			}
		})
	}
}

func TestCutConnectionIsRepeatedOnce(t *testing.T) {
	t.Parallel()
	url, client, count := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	client.Transport.(*http.Transport).DisableKeepAlives = true // net/http repeats on kept connections by itself
	err := upstream.Problem(upstream.Call{Op: "read"}, do(t, url, url, client, &credential{}), time.Now(), nil)
	p := sam.AsProblem(err)
	if count() != 2 || p == nil || p.Class != sam.ClassRetry || p.Code != "NoAnswer" {
		t.Errorf("%d requests, %v", count(), err)
	}
}

func TestTokenNeverLeavesTheHost(t *testing.T) {
	t.Parallel()
	evil, evilClient, reached := serve(t, func(http.ResponseWriter, *http.Request) {})
	url, _, _ := serve(t, func(http.ResponseWriter, *http.Request) {})
	for name, at := range map[string]string{
		"other port":     evil,
		"other scheme":   strings.Replace(url, "https", "http", 1),
		"host in prefix": strings.Replace(url, "127.0.0.1", "127.0.0.1.evil.test", 1),
		"user info":      strings.Replace(evil, "https://", "https://127.0.0.1:1@", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cred := &credential{}
			err := do(t, url, at, evilClient, cred)
			var foreign *upstream.ForeignHostError
			if !errors.As(err, &foreign) || cred.asked != 0 || reached() != 0 {
				t.Errorf("got %v, %d tokens fetched, %d requests", err, cred.asked, reached())
			}
			p := sam.AsProblem(upstream.Problem(upstream.Call{}, err, time.Now(), nil))
			if p == nil || p.Class != sam.ClassConfiguration || p.Code != "ForeignLink" {
				t.Errorf("problem %v", p)
			}
		})
	}
}

func TestSpelledOutPortIsTheSameHost(t *testing.T) {
	t.Parallel()
	var seen string
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		seen = r.URL.Host
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("{}")), Header: http.Header{}, Request: r}, nil
	})}
	if err := do(t, "https://management.example.test", "https://Management.Example.test:443/x", client, &credential{}); err != nil || seen == "" {
		t.Errorf("refused: %v", err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A claims challenge reaches the credential, however its base64 is written, and
// a second one is a policy in the way.
func TestClaimsChallenge(t *testing.T) {
	t.Parallel()
	const claims = `{"access_token":{"nbf":{"essential":true,"value":"1700000000?>"}}}`
	for name, encoded := range map[string]string{
		"padded":            base64.StdEncoding.EncodeToString([]byte(claims)),
		"unpadded":          base64.RawStdEncoding.EncodeToString([]byte(claims)),
		"url-safe unpadded": base64.RawURLEncoding.EncodeToString([]byte(claims)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			always := true
			url, client, count := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if always {
					w.Header().Set("WWW-Authenticate",
						`Bearer realm="", authorization_uri="https://login.example.test/x", error="insufficient_claims", claims="`+encoded+`"`)
					w.WriteHeader(http.StatusUnauthorized)
				}
				_, _ = io.WriteString(w, "{}")
			})
			cred := &credential{}
			err := do(t, url, url, client, cred)
			if len(cred.claims) != 2 || cred.claims[1] != claims || count() != 2 {
				t.Errorf("claims asked for %q, %d requests", cred.claims, count())
			}
			if a, ok := upstream.AnswerOf(err); !ok || !a.Challenged() {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestBodyIsBounded(t *testing.T) {
	t.Parallel()
	chunk := []byte(strings.Repeat("x", 1<<20))
	url, client, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 80 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	err := upstream.Problem(upstream.Call{Op: "read"}, do(t, url, url, client, &credential{}), time.Now(), nil)
	if p := sam.AsProblem(err); p == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("got %v", err)
	}
}

func TestBadBaseURL(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "graph.microsoft.com", "https://", "://"} {
		if _, err := upstream.ClientOptions(base, nil); err == nil {
			t.Errorf("base URL %q accepted", base)
		}
	}
}
