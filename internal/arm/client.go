package arm

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	azcloud "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/throttle"
	"github.com/samkeeper/samkeeper/internal/upstream"
)

// Config says which cloud, and where to connect if not there.
type Config struct {
	Cloud   cloud.Cloud
	BaseURL string       // "" means Cloud.ARM
	HTTP    *http.Client // nil means http.DefaultClient
	Now     func() time.Time
}

// Client reads from ARM. It is safe for concurrent use.
type Client struct {
	base    string
	options azarm.ClientOptions
	now     func() time.Time
}

// New checks the base URL and returns a client.
func New(c Config) (*Client, error) {
	if c.BaseURL == "" {
		c.BaseURL = c.Cloud.ARM
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	options, err := upstream.ClientOptions(c.BaseURL, c.HTTP)
	if err != nil {
		return nil, err
	}
	options.Cloud = configuration(c.Cloud, c.BaseURL)
	return &Client{
		base: c.BaseURL, now: c.Now,
		options: azarm.ClientOptions{ClientOptions: options, DisableRPRegistration: true},
	}, nil
}

// configuration points the SDK's clients at base, with the cloud's audience.
func configuration(c cloud.Cloud, base string) azcloud.Configuration {
	return azcloud.Configuration{
		ActiveDirectoryAuthorityHost: c.Login,
		Services: map[azcloud.ServiceName]azcloud.ServiceConfiguration{
			azcloud.ResourceManager: {Audience: c.ARM, Endpoint: base},
		},
	}
}

// session is one operation with one credential.
type session struct {
	client *Client
	cred   azcore.TokenCredential
	call   upstream.Call
}

func (c *Client) begin(cred azcore.TokenCredential, op string) session {
	return session{c, cred, upstream.NewCall(op, cred)}
}

// options is a copy for one SDK client, with the governor of its calls.
func (s session) options() *azarm.ClientOptions {
	o := s.client.options.Clone()
	o.PerCallPolicies = append(slices.Clip(o.PerCallPolicies), upstream.Govern(s.cred, counted, s.client.now)...)
	return o
}

// counted: ARM counts by principal and subscription, or tenant, and Resource
// Graph by user and tenant.
func counted(req *http.Request) [2]throttle.Limit {
	path := strings.ToLower(req.URL.Path)
	if strings.HasSuffix(path, "/providers/microsoft.resourcegraph/resources") {
		return [2]throttle.Limit{{Kind: throttle.ResourceGraph}, {Kind: throttle.ARM}}
	}
	subscription := ""
	if _, rest, found := strings.Cut(path, "/subscriptions/"); found {
		subscription, _, _ = strings.Cut(rest, "/")
	}
	return [2]throttle.Limit{{Kind: throttle.ARM, Part: subscription}}
}

// problem turns an error of the session into a *sam.Problem.
func (s session) problem(err error) error {
	return upstream.Problem(s.call, err, s.client.now(), read)
}
