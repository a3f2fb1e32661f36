package vault

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// The codes this package branches on.
const (
	codeNotFound = "SecretNotFound"
	codeDisabled = "SecretDisabled"
	codeDeleted  = "ObjectIsDeletedButRecoverable"
)

const fixWait = "Nothing; it is tried again later."

// words explains Key Vault's codes: who can end it, what is wrong, what to do.
var words = map[string]struct {
	class      sam.Class
	plain, fix string
}{
	codeNotFound:             {sam.ClassConfiguration, "The vault has no such secret.", "Check the secret's name in the settings and store it in the vault."},
	codeDisabled:             {sam.ClassConfiguration, "The secret is disabled in the vault.", "Enable its newest version in the vault."},
	codeDeleted:              {sam.ClassConfiguration, "The secret was deleted and can still be recovered.", "Recover the deleted secret in the vault (Manage deleted secrets)."},
	"ObjectIsBeingDeleted":   {sam.ClassRetry, "The secret is just being deleted.", "Wait a minute, then recover the deleted secret in the vault."},
	"ObjectIsBeingRecovered": {sam.ClassRetry, "The secret is just being recovered.", fixWait},
	"ForbiddenByRbac":        {sam.ClassConfiguration, "The app may not use the vault.", "Grant the app's managed identity the role Key Vault Secrets Officer on the vault; a new assignment takes some minutes to work."},
	"AccessDenied":           {sam.ClassConfiguration, "The vault's access policy does not allow the app.", "Grant the app's managed identity get, list and set on secrets in the vault's access policy, or switch the vault to roles."},
	"ForbiddenByFirewall":    {sam.ClassConfiguration, "The vault's firewall refuses the function app.", "Allow the function app's network or outbound addresses in the vault's networking settings."},
	"ForbiddenByConnection":  {sam.ClassConfiguration, "The vault accepts private connections only.", "Connect the function app to the vault's private endpoint, or allow public access."},
	"BadParameter":           {sam.ClassConfiguration, "The vault refuses the request.", "Report this as a fault of samkeeper, with the request id."},
	"Throttled":              {sam.ClassRetry, "The vault throttles the requests.", fixWait},
}

// problem turns an SDK error into the one error type of the house.
func problem(op string, tenant sam.TenantID, err error) *sam.Problem {
	if p := sam.AsProblem(err); p != nil {
		return p
	}
	p := &sam.Problem{
		Op: op, Tenant: tenant, Class: sam.ClassRetry, Err: err,
		Plain: "The vault did not answer.", Fix: fixWait,
	}
	var refused *azcore.ResponseError
	var identity *azidentity.AuthenticationFailedError
	switch {
	case errors.As(err, &refused):
		explain(p, refused)
	case errors.As(err, &identity):
		p.Plain, p.Fix = "The app's managed identity gave no token for the vault.", "Check that the managed identity is assigned to the function app."
		if identity.RawResponse != nil && identity.RawResponse.StatusCode < http.StatusInternalServerError {
			p.Class = sam.ClassConfiguration
		}
	}
	return p
}

// explain fills in what a Key Vault answer says. The cause is dropped: the SDK
// prints whole bodies, and a body may quote what was sent.
func explain(p *sam.Problem, refused *azcore.ResponseError) {
	p.Err = nil
	p.Status = refused.StatusCode
	p.Code = refused.ErrorCode
	if r := refused.RawResponse; r != nil {
		p.RequestID = r.Header.Get("X-Ms-Request-Id")
		p.RetryAfter = retryAfter(r.Header.Get("Retry-After"))
		if inner := innermost(r); inner != "" {
			p.Code = inner
		}
	}
	w, known := words[p.Code]
	switch {
	case p.Status == http.StatusTooManyRequests:
		w = words["Throttled"]
	case known:
	case p.Status >= http.StatusInternalServerError:
		w.class, w.plain, w.fix = sam.ClassRetry, "The vault is unavailable for the moment.", fixWait
	case p.Status == http.StatusUnauthorized:
		w.class, w.plain, w.fix = sam.ClassConfiguration, "The vault does not accept the app's identity.", "Check that the vault belongs to the tenant of the managed identity."
	case p.Status == http.StatusForbidden:
		w = words["ForbiddenByRbac"]
	case p.Status == http.StatusNotFound:
		w = words[codeNotFound]
	default:
		w = words["BadParameter"]
	}
	p.Class, p.Plain, p.Fix = w.class, w.plain, w.fix
	switch p.Code {
	case codeNotFound:
		p.Err = ErrAbsent
	case codeDisabled:
		p.Err = ErrDisabled
	}
}

// innermost digs for error.innererror.code, which says more than "Forbidden".
func innermost(r *http.Response) string {
	body, err := runtime.Payload(r)
	if err != nil {
		return ""
	}
	type inner struct {
		Code  string `json:"code"`
		Inner *inner `json:"innererror"`
	}
	var e struct {
		Error inner `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	code := e.Error.Code
	for i := e.Error.Inner; i != nil; i = i.Inner {
		if i.Code != "" {
			code = i.Code
		}
	}
	return code
}

// retryAfter reads seconds; Key Vault sends nothing else, and often nothing.
func retryAfter(v string) time.Duration {
	s, err := strconv.ParseUint(v, 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(s) * time.Second
}

func isAbsent(p *sam.Problem) bool { return errors.Is(p, ErrAbsent) }

// absent tells a connection that never consented from one whose secret was
// deleted: both look the same to a reader. Without the right to see deleted
// secrets, absent it is.
func (v *Vault) absent(ctx context.Context, op string, conn sam.ConnectionID, p *sam.Problem) *sam.Problem {
	name := SecretName(conn)
	if _, err := v.client.GetDeletedSecret(ctx, name, nil); err == nil {
		w := words[codeDeleted]
		return named(&sam.Problem{
			Op: op, Tenant: conn.Tenant(), Class: w.class, Code: codeDeleted, Status: p.Status,
			RequestID: p.RequestID, Plain: w.plain, Fix: w.fix,
		}, name)
	}
	p.Class = sam.ClassReconsent
	p.Plain, p.Fix = "There is no refresh token of this connection in the vault.", "Sign in through the consent page."
	return p
}

func absentVersion(op string, conn sam.ConnectionID) *sam.Problem {
	return &sam.Problem{
		Op: op, Tenant: conn.Tenant(), Class: sam.ClassConfiguration, Code: codeNotFound, Err: ErrAbsent,
		Plain: "No version is named.", Fix: "Report this as a fault of samkeeper.",
	}
}

func emptyToken(op string, conn sam.ConnectionID) *sam.Problem {
	return &sam.Problem{
		Op: op, Tenant: conn.Tenant(), Class: sam.ClassConfiguration, Code: "BadParameter",
		Plain: "The refresh token to store is empty.", Fix: "Report this as a fault of samkeeper.",
	}
}

// named adds which secret is meant to the plain sentence.
func named(p *sam.Problem, name string) *sam.Problem {
	p.Plain += " (Secret " + name + ".)"
	return p
}
