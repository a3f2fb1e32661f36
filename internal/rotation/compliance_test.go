package rotation_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// books is a Partner Center that gives its word on MFA.
type books struct {
	t         *testing.T
	compliant bool
	err       error
	asked     int
}

func (b *books) MFACompliant(ctx context.Context, cred azcore.TokenCredential) (bool, error) {
	b.asked++
	token, err := cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"s"}})
	if err != nil || token.Token == "" {
		b.t.Errorf("asked without a token: %v", err)
	}
	return b.compliant, b.err
}

var refusedForMFA = &sam.Problem{Class: sam.ClassReconsent, Code: "900421", Plain: "Refused.", Fix: "Sign in again."}

// asking is a rotator that asks b.
func (w *world) asking(b *books) *rotation.Rotator {
	d := w.deps(&machine{})
	d.PartnerCenter = b
	return rotation.New(d)
}

// day rotates when the next rotation is due.
func (w *world) day(t *testing.T, b *books) ledger.Connection {
	t.Helper()
	w.wait(rotation.Interval + rotation.MaxJitter)
	if _, err := w.asking(b).RotateDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w.row(t, connection)
}

func TestPartnerCentersWordIsKept(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	b := &books{t: t, compliant: true}
	row := w.day(t, b)
	if !row.MFACompliant || !row.MFACheckedAt.Equal(w.clock()) || row.Problem != nil || row.Warning != nil || len(w.raised) != 0 {
		t.Fatalf("row %+v, raised %v", row, w.raised)
	}
	for range 3 { // forced rotations on the same day do not ask again
		w.wait(time.Hour)
		if _, err := w.asking(b).Rotate(t.Context(), connection, true); err != nil {
			t.Fatal(err)
		}
	}
	if b.asked != 1 {
		t.Errorf("asked %d times on one day", b.asked)
	}
	w.day(t, b)
	if b.asked != 2 {
		t.Errorf("asked %d times in two days", b.asked)
	}
}

// A connection that is about to be refused is raised before it is, once, keeps
// serving and rotating, and the warning ends when Partner Center is content.
func TestARefusalIsAnnouncedBeforeItComes(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	b := &books{t: t}
	var since time.Time
	for range 5 {
		row := w.day(t, b)
		if row.Warning == nil || row.Warning.Code != rotation.CodeNotCompliant || row.Warning.Plain == "" || row.Warning.Fix == "" || !row.Warning.Raised {
			t.Fatalf("warning %+v", row.Warning)
		}
		if row.Problem != nil || !row.BrokenAt.IsZero() || !row.RotatedAt.Equal(w.clock()) || row.MFACompliant {
			t.Fatalf("the connection stopped: %+v", row)
		}
		if since.IsZero() {
			since = row.Warning.Since
		}
		if !row.Warning.Since.Equal(since) {
			t.Errorf("since %v, was %v", row.Warning.Since, since)
		}
	}
	if len(w.raised) != 1 || w.raised[0].Problem.Code != rotation.CodeNotCompliant {
		t.Errorf("raised %d times: %+v", len(w.raised), w.raised)
	}
	b.compliant = true
	if row := w.day(t, b); row.Warning != nil || !row.MFACompliant {
		t.Errorf("the warning stays: %+v", row)
	}
}

// What Partner Center refuses, Entra's acceptance does not mend: the problem
// stays, raised once, asked about daily, until Partner Center says otherwise.
func TestARefusalByPartnerCenter(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	b := &books{t: t, err: refusedForMFA}
	for n := range 4 {
		row := w.day(t, b)
		if row.Problem == nil || row.Problem.Code != "900421" || row.Problem.Class != sam.ClassReconsent || !row.Problem.Raised || row.BrokenAt.IsZero() {
			t.Fatalf("day %d: %+v", n, row.Problem)
		}
		if v := rotation.Due(w.clock().Add(time.Hour), row); v.Due {
			t.Errorf("due again within the hour: %s", v.Reason)
		}
	}
	if len(w.raised) != 1 {
		t.Errorf("raised %d times", len(w.raised))
	}
	b.err, b.compliant = nil, false
	if row := w.day(t, b); row.Problem == nil || row.Warning != nil {
		t.Errorf("a call that happened to pass ended the refusal: %+v", row)
	}
	b.compliant = true
	if row := w.day(t, b); row.Problem != nil || !row.BrokenAt.IsZero() || !row.MFACompliant {
		t.Errorf("still refused: %+v", row)
	}
}

// An answer that does not come changes nothing and fails nothing.
func TestNoWordFromPartnerCenter(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"an outage":  &sam.Problem{Class: sam.ClassRetry, Code: "NoAnswer"},
		"a surprise": errors.New("unexpected"),
		"a role":     &sam.Problem{Class: sam.ClassConfiguration, Code: "900150"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := seasoned(t)
			row := w.day(t, &books{t: t, err: err})
			if row.Problem != nil || row.Warning != nil || !row.MFACheckedAt.IsZero() || !row.RotatedAt.Equal(w.clock()) {
				t.Errorf("row %+v", row)
			}
		})
	}
}

// A customer's own connection has no Partner Center to ask.
func TestADirectConnectionIsNotAskedAbout(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	w.entra.twist = func(_ string, g *grant, answer *entra.Tokens) error {
		answer.Access = graphToken(t, g.conn)
		return nil
	}
	row := w.row(t, connection)
	row.Kind = sam.DirectConnection
	if err := w.ledger.PutConnection(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	b := &books{t: t}
	if row := w.day(t, b); b.asked != 0 || !row.RotatedAt.Equal(w.clock()) || row.Kind != sam.DirectConnection {
		t.Errorf("asked %d times, row %+v", b.asked, row)
	}
}

// graphToken is what a direct customer's tenant gives.
func graphToken(t *testing.T, conn sam.ConnectionID) sam.Secret {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"aud": "https://graph.microsoft.com", "tid": conn.Tenant(), "oid": conn.Object(),
		"appid": app, "amr": []string{"pwd", "mfa"}, "exp": 4000000000,
	})
	if err != nil {
		t.Fatal(err)
	}
	return sam.NewSecret("e30." + base64.RawURLEncoding.EncodeToString(body) + ".c2ln")
}

// A problem that a job raised is not raised again by rotation, whatever comes
// on top of it, and proof alone ends it.
func TestABrokenConnectionStaysBrokenUntilProved(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	var met error
	w.entra.twist = func(string, *grant, *entra.Tokens) error { return met }
	row := w.row(t, connection)
	began := w.clock()
	row.BrokenAt = began
	row.Problem = &ledger.ConnectionProblem{Class: sam.ClassReconsent, Code: "AADSTS50173", Since: began, Raised: true}
	if err := w.ledger.PutConnection(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	b := &books{t: t, compliant: true}
	for _, p := range []*sam.Problem{
		{Class: sam.ClassReconsent, Code: "AADSTS700082"},
		{Class: sam.ClassRetry, Code: "NoAnswer"},
		{Class: sam.ClassCredential, Code: "AADSTS7000222"},
		{Class: sam.ClassReconsent, Code: "AADSTS50173"},
	} {
		met = p
		w.wait(40 * time.Hour)
		row := w.day(t, b)
		if !row.BrokenAt.Equal(began) || row.Problem == nil {
			t.Errorf("after %s: broken at %v, %+v", p.Code, row.BrokenAt, row.Problem)
		}
		if p.Class == sam.ClassRetry && row.Problem.Class != sam.ClassReconsent {
			t.Errorf("an outage hides what a person must do: %+v", row.Problem)
		}
	}
	for _, c := range w.raised {
		if c.Problem.Class == sam.ClassReconsent {
			t.Errorf("raised again: %+v", c.Problem)
		}
	}
	met = nil
	w.wait(40 * time.Hour)
	if row := w.day(t, b); !row.BrokenAt.IsZero() || row.Problem != nil {
		t.Errorf("proved, but %+v", row)
	}
}
