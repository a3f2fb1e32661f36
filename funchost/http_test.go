package funchost_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/funchost"
)

// call makes a request; redirects are not followed.
func call(t *testing.T, r *rig, method, path, body string, header http.Header) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, r.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	response.Body = io.NopCloser(strings.NewReader(string(content)))
	t.Cleanup(client.CloseIdleConnections)
	return response
}

func text(t *testing.T, response *http.Response) string {
	t.Helper()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestHTTPEnvelopeMode(t *testing.T) {
	t.Parallel()
	r := launch(t, setup{
		functions: map[string]string{"Order": httpIn(`,"route":"orders/{id:int}/{part?}","methods":["post"]`) + "," + httpOut + "," + queueOut},
		handler:   `,"enableForwardingHttpRequest":true`, // an extra output keeps the envelope
		env:       []string{`ANSWER_Order=200|application/json|{"Outputs":{"out":["sent"],"res":{"statusCode":"201","headers":{"X-A":"1"},"body":"{\"ok\":true}"}}}`},
	})
	response := call(t, r, http.MethodPost, "/api/Orders/7?x=1&x=2&code=secret", `{"qty":2}`, http.Header{"Content-Type": {"application/json"}})
	if response.StatusCode != http.StatusCreated || response.Header.Get("X-A") != "1" || text(t, response) != `{"ok":true}` {
		t.Errorf("response %+v", response)
	}
	var envelope struct {
		Data     struct{ Req map[string]any }
		Metadata map[string]any
	}
	if err := json.Unmarshal([]byte(r.requests(t, 1)[0].Body), &envelope); err != nil {
		t.Fatal(err)
	}
	req := envelope.Data.Req
	params := req["Params"].(map[string]any)
	if req["Method"] != "POST" || req["Body"] != `{"qty":2}` || req["Url"] != r.URL()+"/api/Orders/7?x=1&x=2&code=secret" ||
		req["Query"].(map[string]any)["x"] != "1,2" || params["id"] != "7" || len(params) != 2 || params["part"] != nil {
		t.Errorf("req %v", req)
	}
	for name, want := range map[string]string{"id": `"7"`, "x": `"1,2"`, "qty": `"2"`} {
		if envelope.Metadata[name] != want {
			t.Errorf("%s is %v, want %s", name, envelope.Metadata[name], want)
		}
	}
	if got := r.peek(t, "done"); !slices.Equal(got, []string{encoded("sent")}) {
		t.Errorf("done holds %q", got)
	}
}

func TestHTTPForwarding(t *testing.T) {
	t.Parallel()
	page := httpIn(`,"route":"pages/{name}"`) + "," + httpOut
	r := launch(t, setup{
		functions: map[string]string{"Page": page}, handler: `,"enableForwardingHttpRequest":true`,
		env: []string{"ANSWER_teapot=418|text/html|<p>tea</p>", "ANSWER_away=302|text/html|https://elsewhere.example/", "ANSWER_quit=200|x|exit:200"},
	})
	response := call(t, r, http.MethodPost, "/api/pages/teapot?a=1&b=x%20y&a=2", "in", http.Header{
		"Content-Type": {"text/plain"}, "Content-Language": {"de"}, "X-Functions-Key": {"k"}, "User-Agent": {"me"},
	})
	if response.StatusCode != http.StatusTeapot || text(t, response) != "<p>tea</p>" || !slices.Equal(response.Header["Set-Cookie"], []string{"a=1", "b=2"}) {
		t.Errorf("response %+v", response)
	}
	got := r.requests(t, 1)[0]
	if got.URI != "/api/pages/teapot?a=1%2C2&b=x%20y" || "http://"+got.Host != r.URL() || got.Body != "in" || got.Chunked ||
		got.Header.Get("Content-Language") != "" || got.Header.Get("X-Functions-Key") != "k" ||
		got.Header.Get("User-Agent") != "me Azure-Functions-Host/"+funchost.Version || got.Header.Get("X-Azure-Functions-InvocationId") == "" {
		t.Errorf("request %+v", got)
	}
	if response := call(t, r, http.MethodGet, "/api/pages/away", "", nil); response.StatusCode != http.StatusFound || response.Header.Get("Location") != "https://elsewhere.example/" {
		t.Errorf("a redirect goes to the caller: %+v", response)
	}
	if stat := r.Stats()["Page"]; stat.Succeeded != 2 || stat.Failed != 0 {
		t.Errorf("any status is a success: %+v", stat)
	}
	if response := call(t, r, http.MethodGet, "/api/pages/quit", "", nil); response.StatusCode != http.StatusInternalServerError || text(t, response) != "" {
		t.Errorf("a broken connection is a 500: %+v", response)
	}
}

func TestEnvelopeModeFollowsRedirects(t *testing.T) {
	t.Parallel()
	r := launch(t, setup{
		functions: map[string]string{"Move": timerIn, "Keep": timerIn, "Final": timerIn},
		env:       []string{"ANSWER_Move=302|text/plain|/Final", "ANSWER_Keep=307|text/plain|/Final"},
	})
	for _, name := range []string{"Move", "Keep"} {
		if err := r.Invoke(bounded(t), name, ""); err != nil {
			t.Error(name, err)
		}
	}
	var methods []string
	for _, request := range r.requests(t, 4) {
		if request.URI == "/Final" {
			methods = append(methods, request.Method)
		}
	}
	if !slices.Equal(methods, []string{"GET", "POST"}) {
		t.Errorf("302 turns into GET, 307 keeps POST: %v", methods)
	}
}

func TestRoutingAndKeys(t *testing.T) {
	t.Parallel()
	functions := map[string]string{
		"Open":   httpIn(`,"authLevel":"anonymous","methods":["get"]`) + "," + httpOut,
		"Keyed":  httpIn("") + "," + httpOut,
		"Master": httpIn(`,"authLevel":"admin"`) + "," + httpOut,
		"Off":    httpIn(`,"authLevel":"anonymous"`) + "," + httpOut,
		"Broken": httpIn(`,"authLevel":"anonymous"`) + "," + httpOut,
	}
	env := []string{"AzureWebJobs_Off_Disabled=true", "ANSWER_Broken=500|application/json|{\"Outputs\":{\"res\":{\"body\":\"no\"}}}"}
	closed := launch(t, setup{functions: functions, env: env, change: func(c *funchost.Config) {
		c.KeyCheck = true
		c.Keys = funchost.Keys{Master: "m", Host: map[string]string{"default": "h"}, Functions: map[string]map[string]string{"Keyed": {"default": "f"}}}
	}})
	open := launch(t, setup{functions: functions, env: env})
	for _, tc := range []struct {
		name           string
		r              *rig
		path, key      string
		want           int
		wantEmptyReply bool
	}{
		{"anonymous", closed, "/api/open", "", 200, false},
		{"without prefix", closed, "/open", "", 404, true},
		{"unknown", closed, "/api/nothing", "", 404, true},
		{"no key", closed, "/api/keyed", "", 401, true},
		{"wrong key", closed, "/api/keyed", "x", 401, true},
		{"function key", closed, "/api/keyed", "f", 200, false},
		{"host key", closed, "/api/keyed", "h", 200, false},
		{"master key", closed, "/api/keyed", "m", 200, false},
		{"header wins over query", closed, "/api/keyed?code=f", "x", 401, true},
		{"query", closed, "/api/keyed?code=f", "", 200, false},
		{"admin level refuses host key", closed, "/api/master", "h", 401, true},
		{"admin level", closed, "/api/master", "m", 200, false},
		{"disabled", closed, "/api/off", "", 404, true},
		{"disabled for the master", closed, "/api/off", "m", 200, false},
		{"failure is an empty 500", closed, "/api/broken", "", 500, true},
		{"admin route without key", closed, "/admin/host/status", "", 401, true},
		{"admin route", closed, "/admin/host/status", "m", 200, false},
		{"ping is open", closed, "/admin/host/ping", "", 200, true},
		{"check off", open, "/api/keyed", "", 200, false},
		{"check off, admin level", open, "/api/master", "", 200, false},
		{"check off, disabled", open, "/api/off", "", 404, true},
	} {
		header := http.Header{}
		if tc.key != "" {
			header.Set("x-functions-key", tc.key)
		}
		response := call(t, tc.r, http.MethodGet, tc.path, "", header)
		if response.StatusCode != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, response.StatusCode, tc.want)
		}
		if tc.wantEmptyReply && text(t, response) != "" {
			t.Errorf("%s: the body is not empty", tc.name)
		}
	}
	if got := call(t, closed, http.MethodPost, "/api/open", "", nil).StatusCode; got != http.StatusNotFound {
		t.Error("a method that is not listed:", got)
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	r := launch(t, setup{functions: map[string]string{"Page": httpIn("") + "," + httpOut}, env: []string{"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT=4"}})
	if got := call(t, r, http.MethodPost, "/api/page", "12345", nil).StatusCode; got != http.StatusRequestEntityTooLarge {
		t.Error("status", got)
	}
}

func TestTLSFront(t *testing.T) {
	t.Parallel()
	certFile, keyFile, pool := certificate(t)
	r := launch(t, setup{functions: map[string]string{"Page": httpIn("") + "," + httpOut}, change: func(c *funchost.Config) { c.TLSCert, c.TLSKey = certFile, keyFile }})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.FunctionURL("page"), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(r.URL(), "https://127.0.0.1:") {
		t.Error(response.Status, r.URL())
	}
	if !strings.Contains(r.requests(t, 1)[0].Body, `"Url":"https://`) {
		t.Error("the handler must see the scheme")
	}
}

// certificate makes a certificate for 127.0.0.1 that trusts itself.
func certificate(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	write(t, certFile, string(certPEM))
	write(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	return certFile, keyFile, pool
}
