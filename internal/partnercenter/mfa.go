package partnercenter

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// The probe: a request header asks for the word, a response header gives it.
// One public client also looks for it in the body, so we do as well. The
// request header goes with every call: over HTTP/2 the old refusal by reason
// phrase arrives as a bare 401, and only the word tells what it means.
const (
	headerProbe     = "ValidateMfa"
	headerCompliant = "isMfaCompliant"
)

// CodeMFARequired is the code of the refusal for want of a second factor, also
// where it came without one: as a reason phrase, until 2025.
const CodeMFARequired = "900421"

// CodeMFAUnsaid is the code of a probe that was answered without the word.
const CodeMFAUnsaid = "mfa_unsaid"

// MFACompliant asks Partner Center whether it takes the sign-in behind cred for
// one with a second factor. Refusals for that very reason are the answer, too,
// as an error: a *sam.Problem with code 900421, in whichever of its forms it
// came (error body, reason phrase, bare 401 with the word). Every other
// failure, and an answer without the word (CodeMFAUnsaid), says nothing about
// MFA. Refusals for other reasons, such as a missing role, carry the word all
// the same.
func (c *Client) MFACompliant(ctx context.Context, cred azcore.TokenCredential) (bool, error) {
	s := c.begin(cred, "probe Partner Center for MFA", "")
	resp, err := s.fetch(ctx, place{uri: "/v1/customers?size=1"})
	if err != nil {
		return false, s.problem(err)
	}
	defer func() { _ = resp.Body.Close() }()
	refused := !runtime.HasStatusCode(resp, http.StatusOK)
	if refused {
		err = s.problem(runtime.NewResponseError(resp))
		if p := sam.AsProblem(err); p == nil || p.Code == CodeMFARequired {
			return false, err
		}
	}
	if compliant, said := word(resp.Header.Get(headerCompliant)); said {
		return compliant, nil
	}
	body, berr := runtime.Payload(resp)
	if berr == nil {
		if compliant, said := wordInBody(body); said {
			return compliant, nil
		}
	}
	if refused {
		return false, err
	}
	return false, &sam.Problem{
		Op: "probe Partner Center for MFA", Tenant: s.call.Tenant, Class: sam.ClassRetry, Code: CodeMFAUnsaid,
		Plain: "Partner Center did not say whether it accepts the sign-in's second factor.",
		Fix:   "Nothing: the refresh token itself says that it carries MFA, and the next rotation asks again.",
	}
}

// saysNotCompliant recognises a refusal whose reason phrase was lost on the
// way: HTTP/2 has none.
func saysNotCompliant(h http.Header) bool {
	compliant, said := word(h.Get(headerCompliant))
	return said && !compliant
}

func word(v string) (compliant, said bool) {
	compliant, err := strconv.ParseBool(strings.ToLower(strings.TrimSpace(v)))
	return compliant, err == nil
}

// wordInBody finds the word as a member of the body, boolean or text.
func wordInBody(body []byte) (compliant, said bool) {
	var b struct {
		Compliant json.RawMessage `json:"isMfaCompliant"`
	}
	if json.Unmarshal(body, &b) != nil {
		return false, false
	}
	return word(strings.Trim(string(b.Compliant), `"`))
}
