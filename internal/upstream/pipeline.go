package upstream

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// module names samkeeper in the User-Agent header.
const module = "samkeeper"

// repeatDelay is the whole wait before the one repetition.
const repeatDelay = 50 * time.Millisecond

// ClientOptions are the azcore options every adapter's client uses: our
// transport, our retry rule and the check that a request stays on the host of
// baseURL. A nil client means http.DefaultClient.
func ClientOptions(baseURL string, client *http.Client) (policy.ClientOptions, error) {
	base, err := url.Parse(baseURL)
	if err != nil || base.Host == "" {
		return policy.ClientOptions{}, fmt.Errorf("base URL %.200q: want https://host", baseURL)
	}
	return policy.ClientOptions{
		Transport:       transport{client},
		Retry:           retryOptions(),
		Telemetry:       policy.TelemetryOptions{ApplicationID: module},
		PerCallPolicies: []policy.Policy{onlyHost{hostPort(base)}},
	}, nil
}

// NewPipeline joins the options with a bearer token of one scope, and with the
// governor of the calls (none: they are not counted).
func NewPipeline(options policy.ClientOptions, cred azcore.TokenCredential, scope string, governor ...policy.Policy) runtime.Pipeline {
	bearer := runtime.NewBearerTokenPolicy(cred, []string{scope}, nil)
	return runtime.NewPipeline(module, "v1", runtime.PipelineOptions{
		PerCall:  governor,
		PerRetry: []policy.Policy{bearer},
	}, &options)
}

// retryOptions allow one repetition, see the package comment.
func retryOptions() policy.RetryOptions {
	return policy.RetryOptions{
		MaxRetries:    1,
		RetryDelay:    repeatDelay,
		MaxRetryDelay: time.Second,
		ShouldRetry:   worthRepeating,
	}
}

// worthRepeating reports whether a second try at once makes sense.
func worthRepeating(resp *http.Response, err error) bool {
	if err != nil {
		var timeout interface{ Timeout() bool }
		return !asTimeout(err, &timeout)
	}
	switch resp.StatusCode {
	case http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return resp.Header.Get("Retry-After") == ""
	}
	return false
}

// onlyHost refuses requests to any other host, before a token is fetched.
type onlyHost struct{ want string }

func (o onlyHost) Do(req *policy.Request) (*http.Response, error) {
	if got := hostPort(req.Raw().URL); got != o.want {
		return nil, &ForeignHostError{Want: o.want, Got: got}
	}
	return req.Next()
}

// ForeignHostError says that a continuation link left the configured host.
type ForeignHostError struct{ Want, Got string }

func (e *ForeignHostError) Error() string {
	return fmt.Sprintf("link to %.200q refused: requests go to %s only", e.Got, e.Want)
}

// NonRetriable keeps azcore from repeating the request.
func (e *ForeignHostError) NonRetriable() {}

// hostPort is "scheme://host:port" in lower case with the port spelled out, so
// that https://host and https://host:443 are equal and http never passes for
// https.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[strings.ToLower(u.Scheme)]
	}
	return strings.ToLower(u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port))
}
