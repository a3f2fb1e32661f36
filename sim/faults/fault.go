package faults

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Kind says what happens to a request.
type Kind string

// The kinds.
const (
	Latency Kind = "latency" // waits Latency, then is handled
	Status  Kind = "status"  // is answered with Status, unhandled
	Drop    Kind = "drop"    // the connection is cut before the request is handled
	Lost    Kind = "lost"    // the request is handled, its answer is cut off
)

// Format says how the body of a Status fault looks.
type Format string

// The formats; Native is what the service itself would send.
const (
	Native Format = ""
	JSON   Format = "json"
	HTML   Format = "html"
	Text   Format = "text"
)

// Fault is one dial. Empty selectors select everything.
type Fault struct {
	Host       string  `json:"host,omitempty"`        // logical host: login, vault, partnercenter, graph, arm, identity
	Path       string  `json:"path,omitempty"`        // part of the request path
	Method     string  `json:"method,omitempty"`      // HTTP method
	Tenant     string  `json:"tenant,omitempty"`      // in the path, or tid of the bearer token
	Kind       Kind    `json:"kind"`                  //
	Status     int     `json:"status,omitempty"`      // for Status: 400 to 599
	Format     Format  `json:"format,omitempty"`      // for Status
	RetryAfter string  `json:"retry_after,omitempty"` // for Status: "30" seconds, or "date:30" as an HTTP date
	Latency    string  `json:"latency,omitempty"`     // for Latency: a Go duration
	Times      int     `json:"times,omitempty"`       // so many requests, then it is gone; 0: for ever
	Percent    float64 `json:"percent,omitempty"`     // of the selected requests; 0 means all
}

// Validate tells what is wrong with a fault.
func (f Fault) Validate() error {
	if f.Percent < 0 || f.Percent > 100 || f.Times < 0 {
		return errors.New("percent must be 0 to 100, times not negative")
	}
	switch f.Kind {
	case Drop, Lost:
		return nil
	case Latency:
		if d, err := time.ParseDuration(f.Latency); err != nil || d <= 0 {
			return fmt.Errorf("latency %q is not a positive duration", f.Latency)
		}
		return nil
	case Status:
		if f.Status < 400 || f.Status > 599 {
			return fmt.Errorf("status %d is not an error status", f.Status)
		}
		return nil
	}
	return fmt.Errorf("unknown kind %q", f.Kind)
}

// selects tells whether the fault is meant for a request to a logical host.
func (f Fault) selects(host string, r *http.Request) bool {
	return (f.Host == "" || strings.EqualFold(f.Host, host)) &&
		(f.Method == "" || strings.EqualFold(f.Method, r.Method)) &&
		strings.Contains(r.URL.Path, f.Path) &&
		(f.Tenant == "" || strings.Contains(strings.ToLower(r.URL.Path), strings.ToLower(f.Tenant)) || strings.EqualFold(f.Tenant, tenantOf(r)))
}

// tenantOf reads the tid claim of a bearer token without checking it.
func tenantOf(r *http.Request) string {
	parts := strings.Split(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), ".")
	if len(parts) != 3 {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		Tenant string `json:"tid"`
	}
	if json.Unmarshal(raw, &claims) != nil {
		return ""
	}
	return claims.Tenant
}
