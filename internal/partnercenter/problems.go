package partnercenter

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/upstream"
)

// body is a Partner Center error in both of its shapes: {"code",…} with the
// code as number or string, and the rate limiter's {"statusCode","message"}.
type body struct {
	Code        upstream.Word `json:"code"`
	Description upstream.Word `json:"description"`
	StatusCode  upstream.Word `json:"statusCode"`
	Message     upstream.Word `json:"message"`
}

// meaning is one row of the table of codes.
type meaning struct {
	class  sam.Class
	reason sam.Reason
	plain  string
	fix    string
}

// meanings of the documented codes (reference, section 5.5).
var meanings = map[string]meaning{
	CodeMFARequired: {
		sam.ClassReconsent, sam.NoReason,
		"Partner Center refuses the connection because the sign-in behind it had no second factor.",
		"Sign in again on the consent page with MFA, for the Partner Center resource.",
	},
	"900124": {
		sam.ClassConfiguration, sam.NoReason,
		"The Microsoft Partner Agreement is not accepted.",
		"A global admin of the partner tenant accepts it in Partner Center.",
	},
	"900149": {
		sam.ClassConfiguration, sam.NoReason,
		"The partner's programme membership is not active.",
		"Check the membership in Partner Center.",
	},
	"900150": {
		sam.ClassConfiguration, sam.NoReason,
		"The integration account lacks the Partner Center role for this.",
		"Add the account to the Admin agents group in Partner Center.",
	},
}

// customerMeanings apply when the call concerned one customer.
var customerMeanings = map[string]meaning{
	"20002": {
		sam.ClassCustomer, sam.NoReseller,
		"Partner Center knows no reseller relationship with this customer.",
		"The partner sends a new relationship request, or drops the customer.",
	},
	"2032": {
		sam.ClassCustomer, sam.RoleInsufficient,
		"Partner Center denies access to this customer.",
		"The partner checks the account's Partner Center role and its relationship with the customer.",
	},
	"900309": {
		sam.ClassCustomer, sam.BlockedByPolicy,
		"A Conditional Access policy of the customer blocks Partner Center.",
		"The customer excludes service provider users of the partner tenant from the policy.",
	},
	"60003": {
		sam.ClassCustomer, sam.TenantGone,
		"Partner Center cannot find the customer's tenant.",
		"The partner checks whether the tenant was deleted and drops the customer.",
	},
	"900118": {
		sam.ClassCustomer, sam.NoReseller,
		"Partner Center does not accept the customer's id.",
		"The partner checks the customer in Partner Center.",
	},
}

// read classifies a refusal.
func (s session) read(a upstream.Answer) upstream.Verdict {
	var b body
	_ = json.Unmarshal(a.Body, &b) // an unreadable body leaves the status to decide
	code := string(b.Code)
	if a.Status == http.StatusUnauthorized && (strings.Contains(strings.ToLower(a.Line), "mfa required") || saysNotCompliant(a.Header)) {
		code = CodeMFARequired
	}
	v := upstream.StatusVerdict(a.Status)
	if code != "" {
		v.Code = code
	}
	v.Detail = string(b.Description)
	if v.Detail == "" {
		v.Detail = string(b.Message)
	}
	if a.Throttled() {
		v.Wait = waitInText(string(b.Message))
		return v
	}
	if m, ok := s.meaning(code, a.Status); ok {
		v.Class, v.Reason, v.Plain, v.Fix = m.class, m.reason, m.plain, m.fix
	}
	return v
}

// meaning finds the row for a code; a customer call that is forbidden or not
// found without a known code reads as the general rows do.
func (s session) meaning(code string, status int) (meaning, bool) {
	if m, ok := meanings[code]; ok {
		return m, true
	}
	if !s.customer {
		if status == http.StatusForbidden {
			return meanings["900150"], true
		}
		return meaning{}, false
	}
	if m, ok := customerMeanings[code]; ok {
		return m, true
	}
	switch status {
	case http.StatusForbidden:
		return customerMeanings["2032"], true
	case http.StatusNotFound:
		return customerMeanings["20002"], true
	}
	return meaning{}, false
}

// tryAgainIn finds the wait in "Rate limit is exceeded. Try again in 57 seconds."
var tryAgainIn = regexp.MustCompile(`(?i)try again in (\d{1,6}) second`)

func waitInText(s string) time.Duration {
	m := tryAgainIn.FindStringSubmatch(s)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}
