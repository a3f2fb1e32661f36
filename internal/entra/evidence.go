package entra

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// Evidence is what a Partner Center access token says about itself. Nothing of
// it is verified: it came from the token endpoint over TLS and is used to show
// what Partner Center will see, never to decide who somebody is.
type Evidence struct {
	Tenant   sam.TenantID
	Object   sam.ObjectID
	App      sam.AppID
	UPN      string
	Name     string
	Audience string
	AMR      []string // authentication methods, "pwd", "mfa", …
	Expires  time.Time
}

// MFA reports whether the sign-in behind the token was made with MFA; this is
// the very test Partner Center makes.
func (e Evidence) MFA() bool { return slices.Contains(e.AMR, "mfa") }

type accessClaims struct {
	Audience   text    `json:"aud"`
	Tenant     string  `json:"tid"`
	Object     string  `json:"oid"`
	AppID      string  `json:"appid"` // v1.0
	AZP        string  `json:"azp"`   // v2.0
	UPN        string  `json:"upn"`
	UniqueName string  `json:"unique_name"`
	Name       string  `json:"name"`
	AMR        text    `json:"amr"`
	Expires    seconds `json:"exp"`
}

// text is a claim that may be one string or a list of strings.
type text []string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = text{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// Inspect reads the claims of a Partner Center access token (v1.0 format even
// from the v2.0 endpoint). The error wraps ErrUnreadable. Tenant and Object are
// always set in a nil-error result.
func Inspect(access sam.Secret) (Evidence, error) {
	var c accessClaims
	if err := readPayload(access.Reveal(), &c); err != nil {
		return Evidence{}, fmt.Errorf("inspect access token: %w", err)
	}
	tenant, terr := sam.ParseTenantID(c.Tenant)
	object, oerr := sam.ParseObjectID(c.Object)
	if terr != nil || oerr != nil {
		return Evidence{}, fmt.Errorf("inspect access token: tid or oid is missing: %w", ErrUnreadable)
	}
	app, err := sam.ParseAppID(c.AppID + c.AZP) // a token has one of the two
	if err != nil {
		app = ""
	}
	return Evidence{
		Tenant: tenant, Object: object, App: app,
		UPN: display(firstOf(c.UPN, c.UniqueName)), Name: display(c.Name),
		Audience: display(strings.Join(c.Audience, " ")),
		AMR:      shown(c.AMR), Expires: c.Expires.epoch(),
	}, nil
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// shown keeps at most sixteen methods, each fit to be shown.
func shown(methods []string) []string {
	var out []string
	for _, m := range methods[:min(len(methods), 16)] {
		if m = display(m); m != "" {
			out = append(out, m)
		}
	}
	return out
}
