package partnercenter

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/google/uuid"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/throttle"
	"github.com/samkeeper/samkeeper/internal/upstream"
)

// Config says where Partner Center is. The zero value of HTTP and Now mean
// http.DefaultClient and time.Now.
type Config struct {
	BaseURL string // "https://api.partnercenter.microsoft.com"
	Scope   string // "https://api.partnercenter.microsoft.com/.default"
	HTTP    *http.Client
	Now     func() time.Time
}

// Client reads from Partner Center. It is safe for concurrent use.
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

// session is one listing: one pipeline, so one token fetch.
type session struct {
	client   *Client
	pipeline runtime.Pipeline
	call     upstream.Call
	customer bool // the call concerns one customer
}

func (c *Client) begin(cred azcore.TokenCredential, op string, customer sam.CustomerID) session {
	s := session{
		client:   c,
		pipeline: upstream.NewPipeline(c.options, cred, c.scope, upstream.Govern(cred, counted, c.now)...),
		call:     upstream.NewCall(op, cred),
		customer: customer != "",
	}
	if s.customer {
		s.call.Tenant = customer.Tenant()
	}
	return s
}

// counted: Partner Center counts some calls by partner and customer, and all of
// them by partner.
func counted(req *http.Request) [2]throttle.Limit {
	partner := throttle.Limit{Kind: throttle.PartnerCenter}
	_, rest, found := strings.Cut(strings.ToLower(req.URL.Path), "/v1/customers/")
	customer, _, _ := strings.Cut(rest, "/")
	if !found || customer == "" {
		return [2]throttle.Limit{partner}
	}
	return [2]throttle.Limit{{Kind: throttle.PartnerCustomer, Part: customer}, partner}
}

// get fetches one page into out. The error is not yet a Problem.
func (s session) get(ctx context.Context, at place, out any) error {
	resp, err := s.fetch(ctx, at)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if !runtime.HasStatusCode(resp, http.StatusOK) {
		return runtime.NewResponseError(resp)
	}
	return runtime.UnmarshalAsJSON(resp, out)
}

// fetch asks for one place; the answer may be a refusal. The caller closes it.
func (s session) fetch(ctx context.Context, at place) (*http.Response, error) {
	req, err := runtime.NewRequest(ctx, http.MethodGet, s.client.base+at.uri)
	if err != nil {
		return nil, err
	}
	h := req.Raw().Header
	for _, add := range at.headers {
		h.Set(add.Key, add.Value)
	}
	stamp(h, uuid.NewString())
	return s.pipeline.Do(req)
}

// stamp sets what every request carries; id is its idempotency key.
func stamp(h http.Header, id string) {
	h.Set("Accept", "application/json")
	h.Set("MS-Contract-Version", "v1")
	h.Set("MS-RequestId", id)
	h.Set("MS-CorrelationId", uuid.NewString())
	h.Set("MS-PartnerCenter-Application", "samkeeper")
	h.Set(headerProbe, "true") // so that a refusal says whether MFA is why, see mfa.go
}

// problem turns an error of the session into a *sam.Problem.
func (s session) problem(err error) error {
	return upstream.Problem(s.call, err, s.client.now(), s.read)
}
