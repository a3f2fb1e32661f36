package consent

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// The response modes: how the answer comes back through the browser.
const (
	// FormPost: a POST with the fields in its body; the default.
	FormPost = "form_post"
	// Query: a GET with the fields in the address.
	Query = "query"
)

// Lifetime is how long a person has between Start and Complete.
const Lifetime = 15 * time.Minute

// finishing bounds the steps after the code is redeemed.
const finishing = time.Minute

// SignIn is what consent asks of the identity provider; *entra.Client is one.
// Errors are *sam.Problem.
type SignIn interface {
	AuthorizeURL(entra.AuthorizeRequest) string
	RedeemCode(context.Context, entra.CodeRequest) (entra.Tokens, error)
	VerifyIDToken(context.Context, sam.Secret, entra.IDTokenExpectation) (entra.Identity, error)
}

// Vault is what consent asks of the vault; *vault.Vault is one.
type Vault interface {
	Preflight(context.Context) error
	StateKeys(ctx context.Context, overlap time.Duration) ([]sam.Secret, error)
	Put(context.Context, vault.Version) (vault.Version, error)
	At(ctx context.Context, conn sam.ConnectionID, id string) (vault.Version, error)
	Disable(ctx context.Context, conn sam.ConnectionID, id string) error
}

// Ledger is what consent writes down; *ledger.Ledger is one.
type Ledger interface {
	PutState(context.Context, ledger.ConsentState) error
	ConsumeState(ctx context.Context, id string, now time.Time) (ledger.ConsentState, error)
	PutConnection(context.Context, ledger.Connection) error
	Connections(context.Context) ([]ledger.Connection, error)
	Record(context.Context, ledger.Audit) error
}

// Deps are the values and neighbours of a Flow.
type Deps struct {
	Cloud cloud.Cloud
	App   sam.AppID
	// Tenants are the partner tenants that may consent; the first is meant
	// when Start names none. At least one.
	Tenants []sam.TenantID
	// Direct are the customers' tenants that may consent for themselves: an
	// account of such a tenant makes a connection that serves it alone.
	Direct []sam.TenantID
	// Accounts are the object ids and user principal names, in any case, that
	// may consent. An empty list allows nobody.
	Accounts []string
	// RedirectURI is the callback as registered, byte for byte.
	RedirectURI string
	// ResponseMode is FormPost or Query; "" means FormPost.
	ResponseMode string

	SignIn SignIn
	Vault  Vault
	Ledger Ledger

	// Stored is told of each connection whose token was replaced, so that
	// caches let go of the old one. nil means nobody listens.
	Stored func(sam.ConnectionID)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Flow runs the consent protocol. It is safe for concurrent use.
type Flow struct{ Deps }

// New makes a Flow.
func New(d Deps) *Flow {
	if d.ResponseMode == "" {
		d.ResponseMode = FormPost
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Stored == nil {
		d.Stored = func(sam.ConnectionID) {}
	}
	return &Flow{d}
}

// Redirect is where Start sends the browser, and what it must keep meanwhile.
type Redirect struct {
	URL    string
	Cookie *http.Cookie
}

// Callback is the answer as the edge received it. Values are the fields of the
// body for POST and of the address for GET, never both merged. Cookie is the
// value of the cookie named CookieName, "" if the browser sent none.
type Callback struct {
	Method string
	Values url.Values
	Cookie string
}

// Receipt says what was stored, for the person to see.
type Receipt struct {
	Connection sam.ConnectionID
	UPN, Name  string
	Tenant     sam.TenantID
	ValidUntil time.Time // of the refresh token, unless it is rotated before
	MFA        bool      // always true: without it nothing is stored
	Reference  string    // the same number is in the audit rows
	// Unrecorded is set when the token is safely in the vault but the
	// connection row or the audit outcome could not be written. It is for the
	// log; the next rotation writes the row.
	Unrecorded error
}
