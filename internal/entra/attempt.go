package entra

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// attempt is one form to be posted to a token endpoint.
type attempt struct {
	op           string
	tenant, home sam.TenantID
	form         url.Values // holds secrets: never formatted
	requestID    string     // our client-request-id
	rung         int        // which credential of the ladder it carries
	lost         bool       // an answer did not come
}

// prove adds the app's id and credential to the form.
func (c *Client) prove(ctx context.Context, a *attempt) error {
	a.form.Set("client_id", string(c.app))
	if c.credential == nil {
		return &sam.Problem{
			Op: a.op, Tenant: a.tenant, Class: configuration,
			Plain: "No app credential is configured.", Fix: "Check the app credential in the settings.",
		}
	}
	var err error
	a.rung, err = c.credential.apply(ctx, a.tenant, a.form)
	if err == nil || sam.AsProblem(err) != nil {
		return err
	}
	return &sam.Problem{
		Op: "prove the app to Entra", Tenant: a.tenant, Class: retry, Err: err,
		Plain: "The app's credential could not be read.", Fix: fixNothing,
	}
}

// send makes one round trip. The problem's Status is 0 when no answer came.
func (c *Client) send(ctx context.Context, a attempt) (Tokens, *sam.Problem) {
	a.requestID = uuid.NewString()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.tokenURL(a.tenant), strings.NewReader(a.form.Encode()))
	if err != nil {
		return Tokens{}, a.unanswered(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("client-request-id", a.requestID)
	req.Header.Set("return-client-request-id", "true")
	resp, err := c.http.Do(req)
	if err != nil {
		return Tokens{}, a.unanswered(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Tokens{}, a.unanswered(err)
	}
	return c.answer(a, resp, body)
}

// answer reads a token answer or explains why it is none.
func (c *Client) answer(a attempt, resp *http.Response, body []byte) (Tokens, *sam.Problem) {
	now := c.now()
	if resp.StatusCode == http.StatusOK {
		if tokens, err := parseTokens(body, now); err == nil {
			return tokens, nil
		}
	}
	p := Classify(a.op, a.tenant, a.home, resp.StatusCode, resp.Header, body, now)
	if p.RequestID == "" {
		p.RequestID = a.requestID
	}
	c.unknown.report(p)
	return Tokens{}, p
}

// unanswered explains a failed round trip. No answer came, so it may pass by
// itself; but a code may be burnt, and only a new sign-in brings another.
func (a attempt) unanswered(err error) *sam.Problem {
	p := &sam.Problem{
		Op: a.op, Tenant: a.tenant, Class: retry, RequestID: a.requestID, Err: err,
		Plain: "Entra did not answer.", Fix: fixNothing,
	}
	if a.op == opCode {
		p.Fix = "Start again from the consent page."
	}
	return p
}
