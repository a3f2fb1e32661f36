package consent_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/throttle"
)

func TestNothingMissing(t *testing.T) {
	t.Parallel()
	b := newBench(graph, arm)
	b.entries[graph.Token] = []entry{{scopes: []string{"openid", "directory.read.all"}}}
	b.entries[arm.Token] = []entry{{scopes: []string{"user_impersonation"}}}
	if _, err := b.Run(t.Context(), b.visit()); err != nil || b.redeemed != 2 || len(b.sent) != 0 || len(b.lines(t)) != 0 {
		t.Errorf("%v after %d redemptions, %d consents, lines %q", err, b.redeemed, len(b.sent), b.lines(t))
	}
}

// Only what is missing is asked for, one service in a call, between two lines.
func TestOnlyTheMissingIsGiven(t *testing.T) {
	t.Parallel()
	b := newBench(graph, arm)
	b.entries[arm.Token] = []entry{{scopes: []string{"user_impersonation"}}}
	b.spread = 40 * time.Second
	took, err := b.play(t)
	if err != nil || took < b.spread || took > 3*b.spread {
		t.Errorf("%v after %v", err, took)
	}
	if len(b.sent) != 1 || b.sent[0].Resource != graph.App || !slices.Equal(b.sent[0].Scopes, graph.Scopes) || b.sent[0].RequestID == "" {
		t.Errorf("sent %+v", b.sent)
	}
	if got := b.lines(t); !slices.Equal(got, []string{"asked", "given", "proved"}) {
		t.Errorf("lines %q", got)
	}
	trail, err := b.trail.AuditTrail(t.Context(), string(customer), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{string(app), string(conn), string(graph.App), "Organization.Read.All", "20261122T010000Z-abcd"} {
		if !strings.Contains(trail[0].Detail, part) {
			t.Errorf("line %q does not say %s", trail[0].Detail, part)
		}
	}
}

// The waits grow and end; a consent that never counts is told with its date,
// and is not asked for again before a day has passed.
func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	b := newBench(graph)
	b.spread = 1000 * time.Hour
	given := b.at
	took, err := b.play(t)
	p := sam.AsProblem(err)
	if p == nil || p.Class != sam.ClassCustomer || p.Reason != sam.ConsentMissing || !strings.Contains(p.Plain, given.Format("2006-01-02 15:04")) || p.Fix == "" {
		t.Errorf("%+v", p)
	}
	if took < 10*time.Minute || took > 11*time.Minute || b.redeemed > 20 {
		t.Errorf("gave up after %v and %d redemptions", took, b.redeemed)
	}
	for range 5 {
		b.at = b.at.Add(4 * time.Hour)
		if took, err := b.play(t); err == nil || took > time.Second || len(b.sent) != 1 {
			t.Errorf("%v after %v, %d consents", err, took, len(b.sent))
		}
	}
	b.at = b.at.Add(4 * time.Hour)
	_, _ = b.play(t)
	if len(b.sent) != 2 || b.sent[0].RequestID == b.sent[1].RequestID {
		t.Errorf("a day later: %+v", b.sent)
	}
}

// Withdrawn and asked for again: what was proved is no reason to wait.
func TestWithdrawnConsentIsGivenAgain(t *testing.T) {
	t.Parallel()
	b := newBench(graph)
	if _, err := b.play(t); err != nil {
		t.Fatal(err)
	}
	delete(b.entries, graph.Token)
	b.at = b.at.Add(time.Hour)
	if _, err := b.play(t); err != nil || len(b.sent) != 2 {
		t.Errorf("%v, %d consents", err, len(b.sent))
	}
}

func TestMissingScopes(t *testing.T) {
	t.Parallel()
	wide := graph
	wide.Scopes = []string{"Organization.Read.All", "User.Read", "SecurityAlert.Read.All"}
	for name, row := range map[string]struct {
		merge  bool
		reason sam.Reason
		sent   int
	}{
		"added":              {merge: true, sent: 1},
		"there is no adding": {reason: sam.ConsentMissing, sent: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(wide)
			b.merge = row.merge
			b.entries[graph.Token] = []entry{{scopes: []string{"User.Read", "Directory.ReadWrite.All"}}}
			took, err := b.play(t)
			if p := sam.AsProblem(err); (err == nil) != (row.reason == "") || p != nil && (p.Reason != row.reason || !strings.Contains(p.Plain, "SecurityAlert.Read.All") || took > time.Second) {
				t.Errorf("%v after %v", err, took)
			}
			if len(b.sent) != row.sent || !slices.Equal(b.sent[0].Scopes, []string{"SecurityAlert.Read.All"}) {
				t.Errorf("sent %+v", b.sent)
			}
			if took, _ := b.play(t); len(b.sent) != row.sent || took > time.Second {
				t.Errorf("the next run sent %d and took %v", len(b.sent), took)
			}
		})
	}
}

// Refusals of Partner Center are passed on with their reason; what passes by
// itself and what concerns the connection goes before them.
func TestRefusals(t *testing.T) {
	t.Parallel()
	refuse := func(class sam.Class, reason sam.Reason, code string) *sam.Problem {
		return &sam.Problem{Class: class, Reason: reason, Code: code, Status: 403, Plain: "No.", Fix: "Do."}
	}
	for name, row := range map[string]struct {
		graph, arm error
		class      sam.Class
		reason     sam.Reason
		code       string
	}{
		"no role":                  {refuse(sam.ClassCustomer, sam.NoConsentRole, "2032"), refuse(sam.ClassCustomer, sam.NoConsentRole, "2032"), sam.ClassCustomer, sam.NoConsentRole, "2032"},
		"not listed":               {refuse(sam.ClassCustomer, sam.NotListed, "60003"), nil, sam.ClassRetry, sam.NoReason, jobs.CodeWait},
		"service missing":          {nil, refuse(sam.ClassCustomer, sam.ServiceMissing, "3000"), sam.ClassRetry, sam.NoReason, jobs.CodeWait},
		"service missing, no role": {refuse(sam.ClassCustomer, sam.ServiceMissing, "3000"), refuse(sam.ClassCustomer, sam.NoConsentRole, "2032"), sam.ClassCustomer, sam.NoConsentRole, "2032"},
		"asked to slow down":       {refuse(sam.ClassRetry, "", "HTTP429"), nil, sam.ClassRetry, sam.NoReason, "HTTP429"},
		"no MFA":                   {nil, refuse(sam.ClassReconsent, "", "900421"), sam.ClassReconsent, sam.NoReason, "900421"},
		"not its turn":             {&sam.Problem{Class: sam.ClassRetry, Code: throttle.CodeClosed}, nil, sam.ClassRetry, sam.NoReason, throttle.CodeClosed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(graph, arm)
			answers := map[sam.AppID]error{graph.App: row.graph, arm.App: row.arm}
			b.refuse = func(need sam.AppID) error { return answers[need] }
			_, err := b.Run(t.Context(), b.visit())
			p := sam.AsProblem(err)
			if p == nil || p.Class != row.class || p.Reason != row.reason || p.Code != row.code {
				t.Fatalf("%+v, want %s %q %s", p, row.class, row.reason, row.code)
			}
			if len(b.sent) != 2 || len(b.lines(t)) != 4 {
				t.Errorf("%d consents, lines %q", len(b.sent), b.lines(t))
			}
		})
	}
}

// A refusal is no answer for ever: the role may have been given meanwhile.
func TestRefusedIsAskedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(graph)
	b.refuse = func(sam.AppID) error {
		return &sam.Problem{Class: sam.ClassCustomer, Reason: sam.NoConsentRole, Code: "2032", Status: 403}
	}
	if _, err := b.play(t); sam.AsProblem(err) == nil || sam.AsProblem(err).Reason != sam.NoConsentRole {
		t.Fatal(err)
	}
	b.refuse = nil
	if _, err := b.play(t); err != nil || len(b.sent) != 2 || b.sent[0].RequestID == b.sent[1].RequestID {
		t.Errorf("%v, sent %+v", err, b.sent)
	}
}

// What the login refuses for another reason is not a matter of consent.
func TestOtherRefusalsOfTheLogin(t *testing.T) {
	t.Parallel()
	for _, p := range []*sam.Problem{
		{Class: sam.ClassCustomer, Reason: sam.NoGDAP, Code: "AADSTS50020"},
		{Class: sam.ClassPolicy, Reason: sam.BlockedByPolicy, Code: "AADSTS53003"},
		{Class: sam.ClassCustomer, Reason: sam.ServiceMissing, Code: "AADSTS500011"},
		{Class: sam.ClassCredential, Code: "AADSTS7000215"},
		{Class: sam.ClassReconsent, Reason: sam.ConsentMissing, Code: "AADSTS65001"}, // in the connection's own tenant
		{Class: sam.ClassRetry, Code: "AADSTS90033"},
	} {
		t.Run(p.Code, func(t *testing.T) {
			t.Parallel()
			b := newBench(graph, arm)
			b.login = p
			if _, err := b.Run(t.Context(), b.visit()); !errors.Is(err, p) || len(b.sent) != 0 {
				t.Errorf("%v, %d consents", err, len(b.sent))
			}
		})
	}
}

// A customer that consented by itself is looked at only.
func TestDirectConnection(t *testing.T) {
	t.Parallel()
	b := newBench(graph)
	b.entries[graph.Token] = []entry{{scopes: []string{"User.Read"}}}
	v := b.visit()
	v.Customer.Connection = sam.NewConnectionID(customer.Tenant(), "33333333-3333-4333-8333-333333333333")
	_, err := b.Run(t.Context(), v)
	if p := sam.AsProblem(err); p == nil || p.Reason != sam.ConsentMissing || !strings.Contains(p.Fix, "signs in") || len(b.sent) != 0 || len(b.lines(t)) != 0 {
		t.Errorf("%+v, sent %+v", p, b.sent)
	}
}

// Tokens that say nothing of permissions are no evidence against a consent.
func TestSilentTokens(t *testing.T) {
	t.Parallel()
	for name, token := range map[string]string{
		"not a JWT": "opaque", "no payload": "a..b", "no JSON": "a.YWJj.b", "no scp": jwt(map[string]any{"aud": "x"}), "two parts": "a.e30",
		"scp is a list": jwt(map[string]any{"scp": []string{"x"}}), "too long": "a." + strings.Repeat("e", 100<<10) + ".b",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(graph)
			v := b.visit()
			v.Credential = constant(token)
			if _, err := b.Run(t.Context(), v); err != nil || len(b.sent) != 0 {
				t.Errorf("%v, sent %+v", err, b.sent)
			}
		})
	}
}

// A crash at any step, before or after it took effect, leads to the same end:
// the consent is there once, every call stands between its lines, and a call
// whose answer is not known is sent again under its own id.
func TestCrashAtEveryStep(t *testing.T) {
	t.Parallel()
	crashes := 0
	for n := 1; ; n++ {
		b := newBench(graph, arm)
		step, crashed := 0, ""
		b.mishap = func(name string) error {
			if step++; step == n {
				crashed = name
				return errBoom
			}
			return nil
		}
		took, err := b.play(t)
		if crashed == "" {
			break
		}
		crashes++
		at := fmt.Sprintf("crash %d, %s", n, crashed)
		if err != nil || took > 2*time.Minute {
			t.Errorf("%s: %v after %v", at, err, took)
		}
		ids := map[sam.AppID][]string{}
		for _, c := range b.sent {
			ids[c.Resource] = append(ids[c.Resource], c.RequestID)
		}
		for resource, list := range ids {
			if len(list) > 2 || len(slices.Compact(list)) > 1 {
				t.Errorf("%s: %s was asked for under %q", at, resource, list)
			}
		}
		lines := b.lines(t)
		asked := len(slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return l != "asked" }))
		if asked < len(b.sent) || lines[0] != "asked" {
			t.Errorf("%s: %d calls, lines %q", at, len(b.sent), lines)
		}
		if proved := len(slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return l != "proved" })); proved > 2 {
			t.Errorf("%s: proved %d times", at, proved)
		}
	}
	if crashes < 15 {
		t.Errorf("only %d steps to crash at", crashes)
	}
}

// Two deliveries of a message at the same time: both ask, one entry is made,
// and both wait for it, also where it adds a permission.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	for name, before := range map[string][]entry{
		"no consent":        nil,
		"permission lacked": {{scopes: []string{"User.Read"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(graph)
			b.entries[graph.Token] = before
			b.merge = before != nil
			var other error
			nested := false
			b.mishap = func(step string) error {
				if step == "give" && !nested { // the other one comes between our intent and our call
					nested = true
					_, other = b.Run(t.Context(), b.visit())
					b.merge = false // and its entry is there now
				}
				return nil
			}
			_, err := b.Run(t.Context(), b.visit())
			for who, err := range map[string]error{"first": err, "second": other} {
				if p := sam.AsProblem(err); p == nil || p.Code != jobs.CodeWait {
					t.Errorf("%s: %v, want it to wait", who, err)
				}
			}
			if len(b.sent) != 2 || len(b.entries[graph.Token]) != len(before)+1 {
				t.Errorf("%d calls, entries %+v", len(b.sent), b.entries)
			}
			if _, err := b.play(t); err != nil || len(b.sent) != 2 {
				t.Errorf("in the end %v, %d calls", err, len(b.sent))
			}
		})
	}
}
