package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/google/uuid"
	"github.com/samkeeper/samkeeper/internal/throttle"
	"github.com/samkeeper/samkeeper/internal/upstream"
)

// Config says where Graph is. The zero value of HTTP and Now mean
// http.DefaultClient and time.Now.
type Config struct {
	BaseURL string // "https://graph.microsoft.com"
	Scope   string // "https://graph.microsoft.com/.default"
	HTTP    *http.Client
	Now     func() time.Time
}

// Client reads from Graph. It is safe for concurrent use.
type Client struct {
	base    string
	scope   string
	options policy.ClientOptions
	now     func() time.Time
}

// New checks the base URL and returns a client.
func New(c Config) (*Client, error) {
	options, err := upstream.ClientOptions(c.BaseURL, c.HTTP)
	if err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Client{base: c.BaseURL, scope: c.Scope, options: options, now: c.Now}, nil
}

// pipeline is what calls with the credential go through.
func (c *Client) pipeline(cred azcore.TokenCredential) runtime.Pipeline {
	return upstream.NewPipeline(c.options, cred, c.scope, upstream.Govern(cred, counted, c.now)...)
}

// counted: Graph counts by app and tenant.
func counted(*http.Request) [2]throttle.Limit {
	return [2]throttle.Limit{{Kind: throttle.Graph}}
}

// maxPages ends a list that never ends.
const maxPages = 1000

// errPaging is wrapped by every complaint about a continuation.
var errPaging = errors.New("continuation refused")

// page is one page of any Graph list.
type page[T any] struct {
	Value []T    `json:"value"`
	Next  string `json:"@odata.nextLink"`
}

// list fetches all pages of path, which begins with "/v1.0/".
func list[T any](ctx context.Context, c *Client, cred azcore.TokenCredential, op, path string) ([]T, error) {
	pipeline := c.pipeline(cred)
	call := upstream.NewCall(op, cred)
	all, err := follow[T](ctx, pipeline, c.base+path)
	if err != nil {
		return nil, upstream.Problem(call, err, c.now(), read)
	}
	return all, nil
}

func follow[T any](ctx context.Context, pipeline runtime.Pipeline, at string) ([]T, error) {
	var all []T
	seen := map[string]bool{}
	for range maxPages {
		if seen[at] {
			return nil, fmt.Errorf("%w: it repeats an earlier page", errPaging)
		}
		seen[at] = true
		var p page[T]
		if err := get(ctx, pipeline, at, &p); err != nil {
			return nil, err
		}
		all = append(all, p.Value...)
		if p.Next == "" {
			return all, nil
		}
		at = p.Next
	}
	return nil, fmt.Errorf("%w: more than %d pages", errPaging, maxPages)
}

// get fetches one page; the pipeline refuses any host but the configured one.
func get(ctx context.Context, pipeline runtime.Pipeline, at string, out any) error {
	req, err := runtime.NewRequest(ctx, http.MethodGet, at)
	if err != nil {
		return fmt.Errorf("%w: link cannot be parsed", errPaging)
	}
	req.Raw().Header.Set("Accept", "application/json")
	req.Raw().Header.Set("client-request-id", uuid.NewString())
	resp, err := pipeline.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if !runtime.HasStatusCode(resp, http.StatusOK) {
		return runtime.NewResponseError(resp)
	}
	return runtime.UnmarshalAsJSON(resp, out)
}
