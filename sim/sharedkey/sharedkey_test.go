package sharedkey_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"

	"github.com/samkeeper/samkeeper/sim/sharedkey"
)

// check is a server that verifies every request and keeps the verdicts.
type check struct {
	verifier *sharedkey.Verifier
	verdicts chan error
}

func (c *check) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.verdicts <- c.verifier.Verify(r)
	w.WriteHeader(http.StatusTeapot)
}

// judge serves a check and returns what it says of the requests that act makes.
func judge(t *testing.T, service sharedkey.Service, act func(url string, options azcore.ClientOptions)) []error {
	t.Helper()
	verifier, err := sharedkey.New(service, sharedkey.EmulatorKey, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &check{verifier, make(chan error, 100)}
	server := httptest.NewServer(c)
	defer server.Close()
	act(server.URL+"/acct", azcore.ClientOptions{Transport: server.Client(), Retry: policy.RetryOptions{MaxRetries: -1}})
	close(c.verdicts)
	var all []error
	for verdict := range c.verdicts {
		all = append(all, verdict)
	}
	return all
}

// TestRealClients lets Microsoft's own clients sign requests with parameters,
// metadata, bodies, conditions and names that need escaping.
func TestRealClients(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, row := range map[string]struct {
		service sharedkey.Service
		want    int
		act     func(string, azcore.ClientOptions)
	}{
		"queue": {sharedkey.BlobOrQueue, 4, func(url string, o azcore.ClientOptions) {
			key, _ := azqueue.NewSharedKeyCredential("acct", sharedkey.EmulatorKey)
			client, _ := azqueue.NewServiceClientWithSharedKeyCredential(url, key, &azqueue.ClientOptions{ClientOptions: o})
			q := client.NewQueueClient("jobs")
			q.Create(ctx, &azqueue.CreateOptions{Metadata: map[string]*string{"b_c": new("1"), "bb": new("two"), "a": new("x,y")}})
			q.EnqueueMessage(ctx, "text & <more>", &azqueue.EnqueueMessageOptions{TimeToLive: new(int32(-1)), VisibilityTimeout: new(int32(3))})
			q.DeleteMessage(ctx, "an id/with é", "AgAA+/=", nil)
			client.NewListQueuesPager(&azqueue.ListQueuesOptions{Prefix: new("ä b&c")}).NextPage(ctx)
		}},
		"table": {sharedkey.Table, 3, func(url string, o azcore.ClientOptions) {
			key, _ := aztables.NewSharedKeyCredential("acct", sharedkey.EmulatorKey)
			client, _ := aztables.NewServiceClientWithSharedKey(url, key, &aztables.ClientOptions{ClientOptions: o})
			table := client.NewClient("Runs")
			table.AddEntity(ctx, []byte(`{"PartitionKey":"p","RowKey":"r"}`), nil)
			table.GetEntity(ctx, "it's", "a/b c", nil)
			client.GetProperties(ctx, nil) // comp=properties is signed
		}},
		"blob": {sharedkey.BlobOrQueue, 3, func(url string, o azcore.ClientOptions) {
			key, _ := azblob.NewSharedKeyCredential("acct", sharedkey.EmulatorKey)
			client, _ := azblob.NewClientWithSharedKeyCredential(url, key, &azblob.ClientOptions{ClientOptions: o})
			client.UploadBuffer(ctx, "box", "folder/a ü.json.gz", []byte("body"), nil)
			client.DownloadStream(ctx, "box", "plain", &azblob.DownloadStreamOptions{Range: azblob.HTTPRange{Offset: 1, Count: 5}})
			client.NewListBlobsFlatPager("box", nil).NextPage(ctx)
		}},
	} {
		verdicts := judge(t, row.service, row.act)
		if len(verdicts) != row.want {
			t.Errorf("%s: %d requests, want %d", name, len(verdicts), row.want)
		}
		for i, verdict := range verdicts {
			if verdict != nil {
				t.Errorf("%s: request %d: %v", name, i, verdict)
			}
		}
	}
}

// signed captures one request as the queue client signs it.
func signed(t *testing.T) *http.Request {
	t.Helper()
	var sent *http.Request
	key, err := azqueue.NewSharedKeyCredential("acct", sharedkey.EmulatorKey)
	if err != nil {
		t.Fatal(err)
	}
	record := transport(func(r *http.Request) (*http.Response, error) {
		var wire bytes.Buffer // header names get their usual case on the wire
		if err := r.Write(&wire); err != nil {
			return nil, err
		}
		var err error
		if sent, err = http.ReadRequest(bufio.NewReader(&wire)); err != nil {
			return nil, err
		}
		return &http.Response{StatusCode: http.StatusTeapot, Body: http.NoBody, Request: r, Header: http.Header{}}, nil
	})
	o := &azqueue.ClientOptions{ClientOptions: azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}, Transport: record}}
	client, err := azqueue.NewQueueClientWithSharedKeyCredential("http://host/acct/jobs", key, o)
	if err != nil {
		t.Fatal(err)
	}
	client.EnqueueMessage(t.Context(), "text", nil)
	if sent == nil {
		t.Fatal("nothing was sent")
	}
	return sent
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) Do(r *http.Request) (*http.Response, error) { return f(r) }

func TestRefusals(t *testing.T) {
	t.Parallel()
	otherKey := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 64))
	for name, row := range map[string]struct {
		spoil func(*http.Request)
		key   string
		want  error
	}{
		"as it was signed":           {func(*http.Request) {}, sharedkey.EmulatorKey, nil},
		"another key":                {func(*http.Request) {}, otherKey, sharedkey.ErrRefused},
		"another method":             {func(r *http.Request) { r.Method = http.MethodPut }, sharedkey.EmulatorKey, sharedkey.ErrRefused},
		"another path":               {func(r *http.Request) { r.URL.Path += "x" }, sharedkey.EmulatorKey, sharedkey.ErrRefused},
		"another account's path":     {func(r *http.Request) { r.URL.Path = "/other/jobs/messages" }, sharedkey.EmulatorKey, sharedkey.ErrRefused},
		"one more parameter":         {func(r *http.Request) { r.URL.RawQuery = "messagettl=1" }, sharedkey.EmulatorKey, sharedkey.ErrRefused},
		"another length":             {func(r *http.Request) { r.ContentLength++ }, sharedkey.EmulatorKey, sharedkey.ErrRefused},
		"one more x-ms header":       {func(r *http.Request) { r.Header.Set("X-Ms-Meta-A", "1") }, sharedkey.EmulatorKey, sharedkey.ErrRefused},
		"a header that is no matter": {func(r *http.Request) { r.Header.Set("User-Agent", "other") }, sharedkey.EmulatorKey, nil},
		"no header":                  {func(r *http.Request) { r.Header.Del("Authorization") }, sharedkey.EmulatorKey, sharedkey.ErrMissing},
		"a bearer token":             {func(r *http.Request) { r.Header.Set("Authorization", "Bearer abc") }, sharedkey.EmulatorKey, sharedkey.ErrMalformed},
		"no signature":               {func(r *http.Request) { r.Header.Set("Authorization", "SharedKey acct:") }, sharedkey.EmulatorKey, sharedkey.ErrMalformed},
		"no date":                    {func(r *http.Request) { r.Header.Del("X-Ms-Date") }, sharedkey.EmulatorKey, sharedkey.ErrRefused},
	} {
		verifier, err := sharedkey.New(sharedkey.BlobOrQueue, row.key, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := signed(t)
		row.spoil(r)
		if err := verifier.Verify(r); !errors.Is(err, row.want) {
			t.Errorf("%s: error %v, want %v", name, err, row.want)
		}
	}
}

func TestOldRequestsAreRefused(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{16 * time.Minute, -16 * time.Minute} {
		verifier, err := sharedkey.New(sharedkey.BlobOrQueue, sharedkey.EmulatorKey, func() time.Time { return time.Now().Add(off) })
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify(signed(t)); !errors.Is(err, sharedkey.ErrRefused) {
			t.Errorf("%v off: %v", off, err)
		}
	}
}

func TestKeysThatAreNoKeys(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "!"} {
		if _, err := sharedkey.New(sharedkey.Table, key, nil); err == nil {
			t.Errorf("key %q is taken", key)
		}
	}
}

// FuzzVerify has one law: whatever the header says, only the key's owner signs.
func FuzzVerify(f *testing.F) {
	verifier, err := sharedkey.New(sharedkey.BlobOrQueue, sharedkey.EmulatorKey, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("SharedKey acct:AAAA", "/acct/q", "a=1&a=0&B=%zz")
	f.Add("SharedKeyLite acct:AAAA", "/acct", "comp=list")
	f.Add("SharedKey :", "", "")
	f.Fuzz(func(t *testing.T, header, path, query string) {
		r := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(""))
		r.URL.Path, r.URL.RawQuery = path, query
		r.Header.Set("Authorization", header)
		r.Header.Set("X-Ms-Date", time.Now().UTC().Format(http.TimeFormat))
		if err := verifier.Verify(r); err == nil {
			t.Fatalf("%q opens %q", header, path)
		}
	})
}
