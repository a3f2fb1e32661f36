package consent_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/internal/consent"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// script is text that must never come back to a browser.
const script = `<script>alert("x")</script>`

// hostile is one way to attack, or to break, a callback.
type hostile struct {
	name   string
	lie    func(*world)                                // before the sign-in
	tamper func(*testing.T, *world, *consent.Callback) // after it
	status int
	plain  string // a word of what the person reads
	stored int    // versions that were stored before, and stay
}

// lie changes the world before the sign-in.
func idToken(change func(claims)) func(*world) { return func(w *world) { w.idp.id = change } }

func accessToken(change func(claims)) func(*world) { return func(w *world) { w.idp.access = change } }

func signing(how func(claims) string) func(*world) { return func(w *world) { w.idp.sign = how } }

func answering(status int, contentType, body string) func(*world) {
	return func(w *world) {
		w.idp.answer = func(rw http.ResponseWriter) bool {
			rw.Header().Set("Content-Type", contentType)
			rw.WriteHeader(status)
			_, _ = fmt.Fprint(rw, body)
			return true
		}
	}
}

func without(field string) func(*world) {
	return func(w *world) { w.idp.rewrite = func(body map[string]any) { delete(body, field) } }
}

// field sets one field of the callback.
func field(name, value string) func(*testing.T, *world, *consent.Callback) {
	return func(_ *testing.T, _ *world, cb *consent.Callback) { set(cb.Values, name, value) }
}

func method(m string) func(*testing.T, *world, *consent.Callback) {
	return func(_ *testing.T, _ *world, cb *consent.Callback) { cb.Method = m }
}

func cookie(change func(string) string) func(*testing.T, *world, *consent.Callback) {
	return func(_ *testing.T, _ *world, cb *consent.Callback) { cb.Cookie = change(cb.Cookie) }
}

func signInError(code, description string) func(*testing.T, *world, *consent.Callback) {
	return func(_ *testing.T, _ *world, cb *consent.Callback) {
		set(cb.Values, "error", code)
		set(cb.Values, "error_description", description)
		set(cb.Values, "admin_consent", "True")
	}
}

func hostiles() []hostile {
	const (
		bad, forbidden, conflict = http.StatusBadRequest, http.StatusForbidden, http.StatusConflict
		wrongMethod              = http.StatusMethodNotAllowed
		gateway, down            = http.StatusBadGateway, http.StatusServiceUnavailable
	)
	return []hostile{
		// The answer does not belong to this browser, or not any more.
		{name: "state replayed", tamper: completeFirst, status: conflict, plain: "only once", stored: 1},
		{name: "code replayed under a fresh state", tamper: replayCode, status: bad, plain: "AADSTS54005", stored: 1},
		{name: "state of another browser", tamper: stateOfAnother, status: bad, plain: "another sign-in"},
		{name: "cookie of another browser", tamper: cookieOfAnother, status: bad, plain: "another sign-in"},
		{name: "state and cookie of another, code of the victim", tamper: codeOfAnother, status: bad, plain: "AADSTS501481"},
		{name: "state expired", tamper: func(_ *testing.T, w *world, _ *consent.Callback) { w.wait(consent.Lifetime) }, status: bad, plain: "15 minutes"},
		{name: "state never started here", tamper: loseTheLedger, status: bad, plain: "no sign-in"},
		{name: "state missing", tamper: field("state", ""), status: bad, plain: "no state"},
		{name: "state of another alphabet", tamper: field("state", strings.Repeat("'", 43)), status: bad, plain: "no state"},
		{name: "cookie missing", tamper: cookie(func(string) string { return "" }), status: bad, plain: "no consent cookie"},
		{name: "cookie tampered with at its end", tamper: cookie(flipLast), status: bad, plain: "cannot be read"},
		{name: "cookie cut short", tamper: cookie(func(s string) string { return s[:len(s)/2] }), status: bad, plain: "cannot be read"},
		{name: "cookie of another version", tamper: cookie(func(s string) string { return "2" + s[1:] }), status: bad, plain: "cannot be read"},
		{name: "cookie sealed with another key", tamper: func(_ *testing.T, w *world, _ *consent.Callback) {
			w.vault.key = sam.NewSecret(strings.Repeat("another key ", 4))
		}, status: bad, plain: "cannot be read"},
		{name: "cookie of an older key that was disabled", tamper: func(_ *testing.T, w *world, _ *consent.Callback) {
			w.vault.rotateKey()
			w.vault.older = nil
		}, status: bad, plain: "cannot be read"},
		{name: "cookie of an older key, after its life", tamper: func(_ *testing.T, w *world, _ *consent.Callback) {
			w.vault.rotateKey()
			w.wait(consent.Lifetime)
		}, status: bad, plain: "15 minutes"},
		{name: "cookie under an older key's name, sealed by another", tamper: func(t *testing.T, w *world, cb *consent.Callback) {
			t.Helper()
			name := cb.Cookie[:strings.LastIndex(cb.Cookie, ".")]
			w.vault.rotateKey()
			r, err := w.flow.Start(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			cb.Cookie = name + r.Cookie.Value[strings.LastIndex(r.Cookie.Value, "."):]
		}, status: bad, plain: "cannot be read"},
		{name: "cookie oversized", tamper: cookie(func(s string) string { return s + strings.Repeat("A", 8<<10) }), status: bad, plain: "cannot be read"},

		// The answer has the wrong shape.
		{name: "GET where form_post was asked for", tamper: method(http.MethodGet), status: wrongMethod, plain: "POST"},
		{name: "PUT", tamper: method(http.MethodPut), status: wrongMethod, plain: "POST"},
		{name: "POST where query was asked for", lie: func(w *world) {
			w.deps.ResponseMode = consent.Query
			w.flow = consent.New(w.deps)
		}, status: wrongMethod, plain: "GET"},
		{name: "code twice", tamper: func(_ *testing.T, _ *world, cb *consent.Callback) { cb.Values.Add("code", "x") }, status: bad, plain: "twice"},
		{name: "state twice, equal", tamper: func(_ *testing.T, _ *world, cb *consent.Callback) {
			cb.Values.Add("state", cb.Values.Get("state"))
		}, status: bad, plain: "twice"},
		{name: "unknown field twice", tamper: func(_ *testing.T, _ *world, cb *consent.Callback) { cb.Values["x"] = []string{"1", "2"} }, status: bad, plain: "twice"},
		{name: "code oversized", tamper: field("code", strings.Repeat("A", 9<<10)), status: bad, plain: "too long"},
		{name: "field name oversized", tamper: field(strings.Repeat("n", 9<<10), "v"), status: bad, plain: "too long"},
		{name: "many fields", tamper: manyFields, status: bad, plain: "more fields"},
		{name: "many big fields", tamper: bigFields, status: bad, plain: "too long"},
		{name: "code missing", tamper: field("code", ""), status: bad, plain: "no authorization code"},
		{name: "code with a line break", tamper: field("code", "abc\r\nHost: evil"), status: bad, plain: "no authorization code"},
		{name: "nothing at all", tamper: func(_ *testing.T, _ *world, cb *consent.Callback) { cb.Values = nil }, status: bad, plain: "no state"},

		// The answer is an error, whatever else it says.
		{name: "error with admin_consent=True", tamper: signInError("consent_required", "AADSTS65004: User declined to consent."), status: bad, plain: "AADSTS65004"},
		{name: "error beside a good code", tamper: signInError("access_denied", ""), status: bad, plain: "declined"},
		{name: "empty error field", tamper: signInError("", ""), status: bad},
		{name: "HTML in error_description", tamper: signInError("access_denied", "AADSTS53003: "+script), status: forbidden, plain: "AADSTS53003"},
		{name: "HTML in error", tamper: signInError(script, script), status: bad},
		{name: "error_description oversized", tamper: signInError("access_denied", strings.Repeat(script, 1000)), status: bad, plain: "too long"},
		{name: "HTML in a field nobody asked for", lie: func(w *world) { w.deps.Accounts = nil; w.flow = consent.New(w.deps) }, tamper: field("tenant", script), status: forbidden, plain: "not on the list"},

		// The id_token is not what we asked for.
		{name: "nonce swapped", lie: idToken(func(c claims) { c["nonce"] = "of-another-sign-in" }), status: bad, plain: "another sign-in"},
		{name: "nonce missing", lie: idToken(func(c claims) { c["nonce"] = nil }), status: bad, plain: "another sign-in"},
		{name: "audience of another app", lie: idToken(func(c claims) { c["aud"] = string(other) }), status: bad, plain: "not issued"},
		{name: "issuer of another tenant", lie: idToken(func(c claims) { c["iss"] = "https://login.microsoftonline.com/" + string(other) + "/v2.0" }), status: bad, plain: "not issued"},
		{name: "issuer of the template", lie: idToken(func(c claims) { c["iss"] = "https://login.microsoftonline.com/{tenantid}/v2.0" }), status: bad, plain: "not issued"},
		{name: "issuer of version 1.0", lie: idToken(func(c claims) { c["iss"] = "https://sts.windows.net/" + string(partner) + "/" }), status: bad, plain: "not issued"},
		{name: "tenant not allowed", lie: idToken(func(c claims) {
			c["tid"], c["iss"] = string(other), "https://login.microsoftonline.com/"+string(other)+"/v2.0"
		}), status: bad, plain: "tenant"},
		{name: "id_token expired", lie: idToken(func(c claims) { c["exp"], c["nbf"] = 1, 0 }), status: bad, plain: "expired"},
		{name: "signed with a foreign key", lie: signing(func(c claims) string { return sign(foreign(), "honest", c) }), status: bad, plain: "not issued"},
		{name: "signed with a key of its own name", lie: signing(func(c claims) string { return sign(foreign(), "foreign", c) }), status: bad, plain: "not issued"},
		{name: "alg none", lie: signing(func(c claims) string { return unsigned(claims{"alg": "none"}, c) + "." }), status: bad, plain: "not issued"},
		{name: "alg HS256 with the public key", lie: signing(signWithPublicKey), status: bad, plain: "not issued"},
		{name: "id_token missing", lie: without("id_token"), status: bad, plain: "id_token"},
		{name: "id_token is no token", lie: signing(func(claims) string { return script }), status: bad, plain: "id_token"},

		// The account, or what it was granted, will not do.
		{name: "account not allowed", lie: idToken(func(c claims) { c["preferred_username"] = "mallory@partner.example" }), status: forbidden, plain: "not on the list"},
		{name: "name of an allowed account, lengthened", lie: idToken(func(c claims) { c["preferred_username"] = upn + ".evil.example" }), status: forbidden, plain: "not on the list"},
		{name: "nobody allowed", lie: func(w *world) { w.deps.Accounts = []string{"", " "}; w.flow = consent.New(w.deps) }, status: forbidden, plain: "not on the list"},
		{name: "guest by name", lie: idToken(func(c claims) { c["preferred_username"] = "sam.keeper_home.example#EXT#@partner.example" }), status: forbidden, plain: "guest"},
		{name: "guest by name, in the access token", lie: accessToken(func(c claims) { c["upn"] = "x_home.example#ext#@partner.example" }), status: forbidden, plain: "guest"},
		{name: "guest by identity provider", lie: idToken(func(c claims) { c["idp"] = "https://sts.windows.net/" + string(other) + "/" }), status: forbidden, plain: "guest"},
		{name: "personal account", lie: accessToken(func(c claims) { c["idp"] = "live.com" }), status: forbidden, plain: "guest"},
		{name: "no MFA", lie: accessToken(func(c claims) { c["amr"] = []string{"pwd"} }), status: forbidden, plain: "multi-factor"},
		{name: "no amr at all", lie: accessToken(func(c claims) { delete(c, "amr") }), status: forbidden, plain: "multi-factor"},
		{name: "amr that only looks like MFA", lie: accessToken(func(c claims) { c["amr"] = "pwd mfa" }), status: forbidden, plain: "multi-factor"},
		{name: "MFA evidence of another user", lie: accessToken(func(c claims) { c["oid"] = string(other) }), status: forbidden, plain: "another account"},
		{name: "MFA evidence of another tenant", lie: accessToken(func(c claims) { c["tid"] = string(other) }), status: forbidden, plain: "another account"},
		{name: "access token of another app", lie: accessToken(func(c claims) { c["appid"] = string(other) }), status: forbidden, plain: "another application"},
		{name: "access token for another service", lie: accessToken(func(c claims) { c["aud"] = "https://graph.microsoft.com" }), status: forbidden, plain: "another service"},
		{name: "access token that has expired", lie: accessToken(func(c claims) { c["exp"] = 1 }), status: forbidden, plain: "a time that is over"},
		{name: "access token opaque", lie: func(w *world) {
			w.idp.rewrite = func(body map[string]any) { body["access_token"] = w.idp.mint("opaque") }
		}, status: gateway, plain: "cannot be read"},
		{name: "no refresh token", lie: without("refresh_token"), status: gateway, plain: "offline_access"},
		{name: "tenant taken off the list meanwhile", tamper: func(_ *testing.T, w *world, _ *consent.Callback) {
			w.deps.Tenants = []sam.TenantID{other}
			w.flow = consent.New(w.deps)
		}, status: forbidden, plain: "that tenant"},

		// Something on the way is broken.
		{name: "code refused", tamper: field("code", "made-up"), status: bad, plain: "AADSTS54005"},
		{name: "token endpoint answers HTML", lie: answering(200, "text/html", script), status: down},
		{name: "token endpoint answers 500", lie: answering(500, "text/html", script), status: down},
		{name: "token endpoint refuses the app", lie: answering(401, "application/json", `{"error":"invalid_client","error_codes":[7000222],"error_description":"AADSTS7000222: `+"x"+`"}`), status: 500, plain: "AADSTS7000222"},
		{name: "vault down before the sign-in is checked", tamper: func(_ *testing.T, w *world, _ *consent.Callback) { w.vault.fails["StateKeys"] = errDown }, status: down, plain: "vault"},
		{name: "ledger down", tamper: func(_ *testing.T, w *world, _ *consent.Callback) { w.ledger.consume = errors.New("table down") }, status: down},
		{name: "vault down after redemption", tamper: func(_ *testing.T, w *world, _ *consent.Callback) { w.vault.fails["Put"] = errDown }, status: down, plain: "could not be stored"},
		{name: "vault garbles the token", tamper: func(_ *testing.T, w *world, _ *consent.Callback) { w.vault.corrupt = true }, status: down, plain: "could not be stored"},
		{name: "audit intent cannot be written", tamper: func(_ *testing.T, w *world, _ *consent.Callback) {
			w.ledger.record = map[string]error{"intent": errors.New("table down")}
		}, status: down, plain: "could not be stored"},
	}
}

func TestHostileCallbacksStoreNothing(t *testing.T) {
	t.Parallel()
	for _, h := range hostiles() {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if h.lie != nil {
				h.lie(w)
			}
			cb := w.begin(t)
			if h.tamper != nil {
				h.tamper(t, w, &cb)
			}
			receipt, err := w.flow.Complete(t.Context(), cb)
			wantRefusal(t, err, h.status, h.plain)
			if receipt != (consent.Receipt{}) {
				t.Errorf("a refused callback has a receipt: %+v", receipt)
			}
			if strings.Contains(fmt.Sprintf("%v %+v", err, refusalOf(err)), "<script") {
				t.Errorf("foreign text comes back: %v", err)
			}
			w.wantStored(t, h.stored)
			w.wantNoSecrets(t, err.Error(), refusalOf(err))
		})
	}
}

// refusalOf is what a page shows.
func refusalOf(err error) consent.Refusal {
	var r *consent.Refusal
	errors.As(err, &r)
	return consent.Refusal{Status: r.Status, Reference: r.Reference, Plain: r.Plain, Fix: r.Fix}
}

func loseTheLedger(t *testing.T, w *world, _ *consent.Callback) {
	t.Helper()
	w.ledger.Memory = newWorld(t).ledger.Memory
}

func completeFirst(t *testing.T, w *world, cb *consent.Callback) {
	t.Helper()
	if _, err := w.flow.Complete(t.Context(), *cb); err != nil {
		t.Fatal(err)
	}
}

func replayCode(t *testing.T, w *world, cb *consent.Callback) {
	t.Helper()
	completeFirst(t, w, cb)
	used := cb.Values.Get("code")
	*cb = w.begin(t)
	set(cb.Values, "code", used)
}

func stateOfAnother(t *testing.T, w *world, cb *consent.Callback) {
	t.Helper()
	set(cb.Values, "state", w.begin(t).Values.Get("state"))
}

func cookieOfAnother(t *testing.T, w *world, cb *consent.Callback) {
	t.Helper()
	cb.Cookie = w.begin(t).Cookie
}

func codeOfAnother(t *testing.T, w *world, cb *consent.Callback) {
	t.Helper()
	attacker := w.begin(t)
	set(attacker.Values, "code", cb.Values.Get("code"))
	*cb = attacker
}

func flipLast(s string) string {
	last := byte('A')
	if s[len(s)-2] == last {
		last = 'B'
	}
	return s[:len(s)-2] + string(last) + s[len(s)-1:]
}

func manyFields(_ *testing.T, _ *world, cb *consent.Callback) {
	for i := range 40 {
		set(cb.Values, fmt.Sprint("f", i), "v")
	}
}

func bigFields(_ *testing.T, _ *world, cb *consent.Callback) {
	for i := range 10 {
		set(cb.Values, fmt.Sprint("f", i), strings.Repeat("v", 7<<10))
	}
}

// signWithPublicKey is the old trick of using the published key as a password.
func signWithPublicKey(c claims) string {
	signed := unsigned(claims{"alg": "HS256", "typ": "JWT", "kid": "honest"}, c)
	pub, err := json.Marshal(honest().N)
	if err != nil {
		panic(err)
	}
	mac := hmac.New(sha256.New, pub)
	_, _ = mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func contextWithHangUp(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}

// FuzzCallback: whatever a browser sends, the answer is a refusal that repeats
// nothing of it, and nothing is stored.
func FuzzCallback(f *testing.F) {
	f.Add("POST", "code=abc&state="+strings.Repeat("A", 43), "1.AAAAAAAA.AAAA")
	f.Add("POST", "error=access_denied&error_description=AADSTS65004%3A+no&admin_consent=True", "")
	f.Add("GET", "code=%00&code=2", "2..")
	f.Fuzz(func(t *testing.T, method, query, cookie string) {
		values, _ := url.ParseQuery(query)
		w := newQuietWorld()
		_, err := w.flow.Complete(t.Context(), consent.Callback{Method: method, Values: values, Cookie: cookie})
		var r *consent.Refusal
		if !errors.As(err, &r) || r.Plain == "" || r.Fix == "" || r.Status < 400 {
			t.Fatalf("%q %q: got %+v", query, cookie, err)
		}
		if strings.ContainsAny(r.Plain+r.Fix, "<>\x00\r\n") {
			t.Fatalf("foreign text comes back: %q %q", r.Plain, r.Fix)
		}
		w.wantStored(t, 0)
	})
}
