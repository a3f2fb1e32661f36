package entra_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// jwtOf wraps a payload as a compact JWT with a meaningless signature.
func jwtOf(payload string) sam.Secret {
	part := base64.RawURLEncoding.EncodeToString
	return sam.NewSecret(part([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + part([]byte(payload)) + "." + part([]byte("signature")))
}

// partnerCenterToken has the claims of section 4.2 of the reference.
const partnerCenterToken = `{"aud":"https://api.partnercenter.microsoft.com","iss":"https://sts.windows.net/11111111-1111-4111-8111-111111111111/",
	"iat":1795262400,"nbf":1795262400,"exp":1795266300,"acr":"1","amr":["pwd","mfa"],"appid":"22222222-2222-4222-8222-222222222222","appidacr":"1",
	"family_name":"Keeper","given_name":"Sam","name":"Sam Keeper","ipaddr":"192.0.2.1","oid":"33333333-3333-4333-8333-333333333333",
	"scp":"user_impersonation","tenant_region_scope":"EU","tid":"11111111-1111-4111-8111-111111111111",
	"unique_name":"sam.keeper@partner.example","upn":"sam.keeper@partner.example","ver":"1.0"}`

func TestInspect(t *testing.T) {
	t.Parallel()
	got, err := entra.Inspect(jwtOf(partnerCenterToken))
	want := entra.Evidence{
		Tenant: partner, Object: object, App: app, UPN: "sam.keeper@partner.example", Name: "Sam Keeper",
		Audience: "https://api.partnercenter.microsoft.com", AMR: []string{"pwd", "mfa"}, Expires: time.Unix(1795266300, 0).UTC(),
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestInspectMFA(t *testing.T) {
	t.Parallel()
	const ids = `"tid":"11111111-1111-4111-8111-111111111111","oid":"33333333-3333-4333-8333-333333333333"`
	for name, c := range map[string]struct {
		amr string
		mfa bool
	}{
		"with MFA":         {`,"amr":["pwd","mfa"]`, true},
		"password only":    {`,"amr":["pwd"]`, false},
		"another spelling": {`,"amr":["MFA","ngcmfa"]`, false},
		"one string":       {`,"amr":"mfa"`, true},
		"empty":            {`,"amr":[]`, false},
		"absent":           {``, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := entra.Inspect(jwtOf("{" + ids + c.amr + "}"))
			if err != nil || e.MFA() != c.mfa {
				t.Errorf("MFA %v (%v), want %v", e.MFA(), err, c.mfa)
			}
		})
	}
}

func TestInspectUnreadable(t *testing.T) {
	t.Parallel()
	for name, token := range map[string]sam.Secret{
		"empty":          {},
		"opaque":         sam.NewSecret("EwBAA8l6BAAU0bqDz2q2"),
		"no base64":      sam.NewSecret("a.!!.c"),
		"no JSON":        jwtOf("surprise"),
		"no ids":         jwtOf(`{"amr":["mfa"]}`),
		"ids of no kind": jwtOf(`{"tid":7,"oid":[]}`),
		"far too long":   jwtOf(`{"x":"` + strings.Repeat("x", 100<<10) + `"}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if e, err := entra.Inspect(token); !errors.Is(err, entra.ErrUnreadable) || e.MFA() {
				t.Errorf("%v, want ErrUnreadable", err)
			}
		})
	}
}
