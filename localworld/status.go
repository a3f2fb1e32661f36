package localworld

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Status is what the app says of itself at /api/status, as far as it is used
// here. Times are RFC 3339.
type Status struct {
	Connections []Connection `json:"connections"`
	Runs        []Run        `json:"runs"`
	FindingsNum int          `json:"findings_open"`
	Findings    []Finding    `json:"findings"`
	NoAccess    []NoAccess   `json:"no_access"`
	Failures    []Failure    `json:"failures"`
}

// Connection is one consented identity.
type Connection struct {
	ID       string    `json:"id"`
	UPN      string    `json:"upn"`
	State    string    `json:"state"`
	DaysLeft int       `json:"days_left"`
	Proved   bool      `json:"proved"`
	MFA      bool      `json:"mfa"`
	Rotated  time.Time `json:"last_rotation"`
}

// Run is one sweep with its sums.
type Run struct {
	ID        string         `json:"id"`
	State     string         `json:"state"`
	Tasks     []string       `json:"tasks"`
	Customers int            `json:"customers"`
	Expected  int            `json:"expected"`
	Done      int            `json:"done"`
	Skipped   int            `json:"skipped"`
	Failed    int            `json:"failed"`
	Pending   int            `json:"pending"`
	SkippedBy map[string]int `json:"skipped_by"`
	FailedBy  map[string]int `json:"failed_by"`
}

// Finding is one open finding.
type Finding struct {
	Customer string `json:"customer"`
	Name     string `json:"customer_name"`
	Task     string `json:"task"`
	Kind     string `json:"kind"`
	Key      string `json:"key"`
	Severity string `json:"severity"`
	Title    string `json:"title"`
}

// NoAccess is a customer that cannot be visited, and why.
type NoAccess struct {
	Customer string `json:"customer"`
	Name     string `json:"name"`
	Reason   string `json:"reason"`
	Detail   string `json:"detail"`
	Owner    string `json:"owner"`
	Fix      string `json:"fix"`
}

// Failure is one given-up task of the newest run.
type Failure struct {
	Customer string `json:"customer"`
	Task     string `json:"task"`
	Class    string `json:"class"`
	Code     string `json:"code"`
	Plain    string `json:"plain"`
}

// Newest returns the newest run, or nil.
func (s *Status) Newest() *Run {
	if len(s.Runs) == 0 {
		return nil
	}
	return &s.Runs[0]
}

// getJSON fetches and decodes one answer; the raw body goes to seen.
func getJSON(ctx context.Context, client *http.Client, url string, into any, seen func(string, []byte)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	req.Header.Set("Accept", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 256<<20))
	if err != nil {
		return fmt.Errorf("reading %s: %w", url, err)
	}
	if seen != nil {
		seen("GET "+req.URL.Path, body)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("asking %s: HTTP %d: %.300s", url, res.StatusCode, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("reading %s: %w", url, err)
	}
	return nil
}
