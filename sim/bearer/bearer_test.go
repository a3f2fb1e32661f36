package bearer_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/bearer"
	"github.com/samkeeper/samkeeper/sim/keys"
	"github.com/samkeeper/samkeeper/sim/world"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	ring, err := keys.New()
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := keys.New()
	if err != nil {
		t.Fatal(err)
	}
	if err := foreign.Rotate(); err != nil {
		t.Fatal(err)
	}
	w := world.New(world.Config{})
	now := w.Now()
	sign := func(r *keys.Ring, pairs ...any) string {
		claims := map[string]any{
			"aud": "https://graph.microsoft.com", "iss": "https://sts.windows.net/t/", "tid": "t", "oid": "o",
			"appid": "a", "scp": "x y", "amr": []string{"pwd", "mfa"}, "upn": "u@x.example", "ver": "1.0",
			"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		}
		for i := 0; i+1 < len(pairs); i += 2 {
			claims[pairs[i].(string)] = pairs[i+1]
		}
		token, err := r.Sign(claims)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	good := sign(ring)
	for name, row := range map[string]struct {
		header string
		fault  bearer.Fault
	}{
		"good":            {"Bearer " + good, ""},
		"lower case":      {"bearer " + good, ""},
		"slash":           {"Bearer " + sign(ring, "aud", "https://graph.microsoft.com/"), ""},
		"v2 issuer":       {"Bearer " + sign(ring, "iss", "https://login.microsoftonline.com/t/v2.0"), ""},
		"nothing":         {"", bearer.Missing},
		"basic":           {"Basic eA==", bearer.Missing},
		"empty":           {"Bearer ", bearer.Missing},
		"not a JWT":       {"Bearer x", bearer.Malformed},
		"not signed":      {"Bearer a.b.c", bearer.Signature},
		"foreign key":     {"Bearer " + sign(foreign), bearer.Signature},
		"changed":         {"Bearer " + good[:len(good)-8] + "AAAAAAAA", bearer.Signature},
		"issuer mismatch": {"Bearer " + sign(ring, "tid", "other"), bearer.Issuer},
		"expired":         {"Bearer " + sign(ring, "exp", now.Add(-time.Second).Unix()), bearer.Expired},
		"audience":        {"Bearer " + sign(ring, "aud", "https://vault.azure.net"), bearer.Audience},
		"odd claims":      {"Bearer " + sign(ring, "exp", "soon"), bearer.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Authorization", row.header)
			claims, err := bearer.New(ring, w).Verify(r, "https://graph.microsoft.com")
			var refused *bearer.Error
			switch {
			case row.fault == "" && (err != nil || !claims.MFA() || !claims.Delegated || claims.App != "a" || len(claims.Scopes) != 2):
				t.Errorf("claims = %+v, %v", claims, err)
			case row.fault != "" && (!errors.As(err, &refused) || refused.Fault != row.fault):
				t.Errorf("error = %v, want %s", err, row.fault)
			}
			if err != nil && len(row.header) > 60 && strings.Contains(err.Error(), row.header[10:60]) {
				t.Error("the error shows the token")
			}
		})
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+good)
	if _, err := bearer.New(ring, w).Verify(r); err != nil {
		t.Errorf("any audience: %v", err)
	}
}

// A token stays valid when the virtual clock jumps, until it is ended on
// purpose: its holder lives by the wall clock.
func TestVirtualClock(t *testing.T) {
	t.Parallel()
	ring, err := keys.New()
	if err != nil {
		t.Fatal(err)
	}
	w := world.New(world.Config{})
	token, err := ring.Sign(map[string]any{
		"aud": "x", "iss": "https://sts.windows.net/t/", "tid": "t",
		"iat": w.Now().Unix(), "exp": w.Now().Add(time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	check := bearer.New(ring, w)
	w.Advance(48 * time.Hour)
	if _, err := check.VerifyToken(token); err != nil {
		t.Errorf("after a jump: %v", err)
	}
	w.ExpireTokens()
	if _, err := check.VerifyToken(token); err == nil {
		t.Error("an ended token was accepted")
	}
}
