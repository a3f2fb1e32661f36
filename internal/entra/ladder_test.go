package entra_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// rung is a credential that sends its name as client secret, or fails.
type rung struct {
	name string
	err  error
}

func (r rung) Apply(_ context.Context, _ sam.TenantID, form url.Values) error {
	if r.err == nil {
		form.Set("client_secret", r.name)
	}
	return r.err
}

// assertingRung leaves another kind of proof in the form.
type assertingRung struct{}

func (assertingRung) Apply(_ context.Context, _ sam.TenantID, form url.Values) error {
	form.Set("client_assertion", "a")
	form.Set("client_assertion_type", "t")
	return nil
}

// climb is a login host that refuses some names, and a client on a ladder.
type climb struct {
	mu      sync.Mutex
	refused map[string]string // by name: the AADSTS code
	sent    []string
	moved   []string
	now     time.Time
}

func (c *climb) client(t *testing.T, rungs ...entra.AppCredential) *entra.Client {
	t.Helper()
	l := newLogin(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		name := r.PostFormValue("client_secret") + r.PostFormValue("client_assertion")
		c.mu.Lock()
		c.sent = append(c.sent, name)
		code := c.refused[name]
		c.mu.Unlock()
		if r.PostForm.Has("client_secret") == r.PostForm.Has("client_assertion") {
			t.Error("a form with two proofs, or none")
		}
		if code == "" {
			say(w, http.StatusOK, fullAnswer)
			return
		}
		say(w, http.StatusUnauthorized, `{"error":"invalid_client","error_description":"AADSTS`+code+`: no","error_codes":[`+code+`]}`)
	})
	var list []entra.Rung
	for i, r := range rungs {
		list = append(list, entra.Rung{Name: string(rune('1' + i)), Credential: r})
	}
	return l.client(entra.NewLadder(entra.LadderConfig{
		Rungs: list,
		Now: func() time.Time {
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.now
		},
		Moved: func(_ context.Context, from, to string, because *sam.Problem) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.moved = append(c.moved, from+">"+to+" "+because.Code)
		},
	}))
}

// took returns what was sent since the last time.
func (c *climb) took() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	sent := strings.Join(c.sent, " ")
	c.sent = nil
	return sent
}

func (c *climb) refuse(refused map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = refused
}

const badSecret, unknownKey, outage = "7000215", "700027", "90033"

func TestLadderOrder(t *testing.T) {
	t.Parallel()
	missing := &sam.Problem{Class: sam.ClassCredential, Code: "missing"}
	for name, row := range map[string]struct {
		rungs   []entra.AppCredential
		refused map[string]string
		sent    string
		moved   string
		code    string
	}{
		"first is fine":                      {[]entra.AppCredential{rung{name: "a"}, rung{name: "b"}}, nil, "a", "", ""},
		"first is refused":                   {[]entra.AppCredential{rung{name: "a"}, rung{name: "b"}}, map[string]string{"a": badSecret}, "a b", "1>2 AADSTS" + badSecret, ""},
		"two are refused":                    {[]entra.AppCredential{rung{name: "a"}, rung{name: "b"}, rung{name: "c"}}, map[string]string{"a": badSecret, "b": unknownKey}, "a b c", "1>2 AADSTS" + badSecret + " 2>3 AADSTS" + unknownKey, ""},
		"all are refused":                    {[]entra.AppCredential{rung{name: "a"}, rung{name: "b"}}, map[string]string{"a": badSecret, "b": unknownKey}, "a b", "1>2 AADSTS" + badSecret, "AADSTS" + unknownKey},
		"not told of another":                {[]entra.AppCredential{rung{name: "a"}}, map[string]string{"a": badSecret}, "a", "", "AADSTS" + badSecret},
		"an outage moves nobody":             {[]entra.AppCredential{rung{name: "a"}, rung{name: "b"}}, map[string]string{"a": outage}, "a", "", "AADSTS" + outage},
		"first cannot be had":                {[]entra.AppCredential{rung{err: missing}, rung{name: "b"}}, nil, "b", "1>2 missing", ""},
		"first cannot be had for the moment": {[]entra.AppCredential{rung{err: errors.New("vault down")}, rung{name: "b"}}, nil, "", "", ""},
		"nothing of the first stays":         {[]entra.AppCredential{assertingRung{}, rung{name: "b"}}, map[string]string{"a": unknownKey}, "a b", "1>2 AADSTS" + unknownKey, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &climb{refused: row.refused}
			_, err := c.client(t, row.rungs...).Redeem(t.Context(), refresh(partner))
			if p := sam.AsProblem(err); p != nil && p.Code != row.code || p == nil && row.code != "" {
				t.Errorf("%v, want code %q", err, row.code)
			}
			if sent := c.took(); sent != row.sent || strings.Join(c.moved, " ") != row.moved {
				t.Errorf("sent %q, moved %q; want %q, %q", sent, c.moved, row.sent, row.moved)
			}
		})
	}
}

// The ladder stays where it is for an hour, then tries the first again; when
// all were refused it does so at once.
func TestLadderGoesBack(t *testing.T) {
	t.Parallel()
	c := &climb{refused: map[string]string{"a": badSecret}, now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	client := c.client(t, rung{name: "a"}, rung{name: "b"})
	ask := func(want string) {
		t.Helper()
		_, _ = client.Redeem(t.Context(), refresh(partner))
		if sent := c.took(); sent != want {
			t.Errorf("sent %q, want %q", sent, want)
		}
	}
	pass := func(d time.Duration) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.now = c.now.Add(d)
	}
	ask("a b")
	ask("b")
	pass(59 * time.Minute)
	ask("b")
	pass(time.Minute)
	ask("a b")
	c.refuse(map[string]string{"b": badSecret})
	ask("b")
	ask("a")
	ask("a")
}

// Many requests that are refused at once move the ladder by one rung only.
func TestLadderMovesOnce(t *testing.T) {
	t.Parallel()
	c := &climb{refused: map[string]string{"a": badSecret}}
	client := c.client(t, rung{name: "a"}, rung{name: "b"}, rung{name: "c"})
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := client.Redeem(t.Context(), refresh(partner)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if !slices.Equal(c.moved, []string{"1>2 AADSTS" + badSecret}) || strings.Contains(c.took(), "c") {
		t.Errorf("moved %q", c.moved)
	}
}

// A code is sent once, whatever happens; the next sign-in has the next
// credential.
func TestLadderAndCodes(t *testing.T) {
	t.Parallel()
	c := &climb{refused: map[string]string{"a": badSecret}}
	client := c.client(t, rung{name: "a"}, rung{name: "b"})
	if _, err := client.RedeemCode(t.Context(), code()); sam.ClassOf(err) != sam.ClassCredential {
		t.Errorf("%v", err)
	}
	if _, err := client.RedeemCode(t.Context(), code()); err != nil {
		t.Errorf("%v", err)
	}
	if sent := c.took(); sent != "a b" {
		t.Errorf("sent %q", sent)
	}
}
