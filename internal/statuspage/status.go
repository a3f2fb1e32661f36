package statuspage

import (
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/serving"
	"github.com/samkeeper/samkeeper/internal/watchdog"
)

// Status is the whole page. Slices and maps are never nil, so that JSON shows
// [] and {}.
type Status struct {
	GeneratedAt  time.Time    `json:"generated_at"`
	Version      string       `json:"version"`
	Connections  []Connection `json:"connections"`
	Runs         []Run        `json:"runs"` // newest first
	FindingsOpen int          `json:"findings_open"`
	Findings     []Finding    `json:"findings"` // worst first
	NoAccess     []NoAccess   `json:"no_access"`
	Failures     []Failure    `json:"failures"`
	Access       Radar        `json:"access"`
	Folded       Folded       `json:"folded"` // NoAccess and Failures, the same trouble in one row
	// Silent are the parts of samkeeper itself that give no sign of life.
	Silent    []watchdog.Silence `json:"silent"`
	SelfCheck SelfCheck          `json:"self_check"`
}

// SelfCheck is the daily test of the alarm; it is none of Findings.
type SelfCheck struct {
	Opened    *time.Time `json:"opened"`    // when it was last opened
	Closed    *time.Time `json:"closed"`    // when it was last closed
	Announced *time.Time `json:"announced"` // when its events were last sent
}

// Connection is one consented identity.
type Connection struct {
	ID           sam.ConnectionID `json:"id"`
	Tenant       sam.TenantID     `json:"tenant"`
	UPN          string           `json:"upn"`
	Kind         sam.Kind         `json:"kind"`
	Role         serving.Role     `json:"role"`
	Serving      bool             `json:"serving"` // its tenant's customers are visited with it now
	State        State            `json:"state"`
	Why          string           `json:"why"` // one sentence; "" when healthy
	DaysLeft     int              `json:"days_left"`
	Expires      *time.Time       `json:"expires"`
	Consented    *time.Time       `json:"consented"`
	LastRotation *time.Time       `json:"last_rotation"`
	Proved       bool             `json:"proved"`
	ProvedAt     *time.Time       `json:"proved_at"`
	MFA          bool             `json:"mfa"`            // the last token says so
	MFACompliant *bool            `json:"mfa_compliant"`  // Partner Center says so; null: not asked
	MFACheckedAt *time.Time       `json:"mfa_checked_at"` // when it said so
	Problem      *Problem         `json:"problem"`        // why it does not work
	Warning      *Problem         `json:"warning"`        // why it will stop working
}

// Accepted reports whether Partner Center last accepted the second factor.
func (c Connection) Accepted() bool { return c.MFACompliant != nil && *c.MFACompliant }

// Problem is why a connection does not work.
type Problem struct {
	Class     sam.Class  `json:"class"`
	Code      string     `json:"code"`
	Plain     string     `json:"plain"`
	Fix       string     `json:"fix"`
	Since     *time.Time `json:"since"`
	RequestID string     `json:"request_id"`
	Owner     sam.Owner  `json:"owner"`
	Reach     sam.Reach  `json:"reach"`
	Link      string     `json:"link"`
}

// Run is one sweep, or a replay of chosen jobs, with its sums: expected = done +
// skipped + failed + pending.
type Run struct {
	ID        string             `json:"id"`
	State     ledger.RunState    `json:"state"`
	Kind      ledger.RunKind     `json:"kind"`
	Result    ledger.RunResult   `json:"result"` // "" while it is under way
	Held      *time.Time         `json:"held"`   // since when it waits for a connection
	Opened    *time.Time         `json:"opened"`
	Closed    *time.Time         `json:"closed"`
	Deadline  *time.Time         `json:"deadline"`
	Tasks     []string           `json:"tasks"`
	Customers int                `json:"customers"`
	Expected  int                `json:"expected"`
	Done      int                `json:"done"`
	Skipped   int                `json:"skipped"`
	Failed    int                `json:"failed"`
	Pending   int                `json:"pending"`
	SkippedBy map[sam.Reason]int `json:"skipped_by"`
	FailedBy  map[sam.Class]int  `json:"failed_by"`
	Note      string             `json:"note"`
}

// Finding is something wrong at a customer now.
type Finding struct {
	ID           string         `json:"id"`
	Customer     sam.CustomerID `json:"customer"`
	CustomerName string         `json:"customer_name"`
	Task         string         `json:"task"`
	Kind         string         `json:"kind"`
	Key          string         `json:"key"`
	Severity     sam.Severity   `json:"severity"`
	Title        string         `json:"title"`
	Detail       string         `json:"detail"`
	Resource     string         `json:"resource"`
	Since        *time.Time     `json:"since"`
	Opened       *time.Time     `json:"opened"`
	Due          *time.Time     `json:"due"` // of a warning: when it comes true
	Fix          string         `json:"fix"`
	Owner        sam.Owner      `json:"owner"` // with Fix
	Link         string         `json:"link"`  // with Fix
}

// NoAccess is a customer that cannot be visited, or not in full.
type NoAccess struct {
	Customer sam.CustomerID `json:"customer"`
	Name     string         `json:"name"`
	Reason   sam.Reason     `json:"reason"`
	Detail   string         `json:"detail"`
	Owner    sam.Owner      `json:"owner"`
	Fix      string         `json:"fix"`
	Reach    sam.Reach      `json:"reach"`
	Link     string         `json:"link"`
}

// Failure is a task that was given up in a run.
type Failure struct {
	Run          string         `json:"run"`
	Customer     sam.CustomerID `json:"customer"`
	CustomerName string         `json:"customer_name"`
	Task         string         `json:"task"`
	Class        sam.Class      `json:"class"`
	Code         string         `json:"code"`
	Plain        string         `json:"plain"`
	Fix          string         `json:"fix"`
	RequestID    string         `json:"request_id"`
	Try          int            `json:"try"`
	Owner        sam.Owner      `json:"owner"`
	Reach        sam.Reach      `json:"reach"`
	Link         string         `json:"link"`
}

// moment is t in UTC, or nil for "none".
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
