package graph

import (
	"net/http"
	"strings"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/upstream"
)

// denial is one way in which Graph says that we may not, told by its words.
type denial struct {
	words  string // lower case, part of the message; "" matches any
	reason sam.Reason
	plain  string
	fix    string
}

// denials in the order in which they are tried (reference, sections 6.1, 10.3).
var denials = []denial{
	{
		"identity of the calling application", sam.ConsentMissing,
		"The app is not present in the customer's tenant.",
		"The partner consents the app for this customer through Partner Center, or the customer's admin consents it.",
	},
	{
		"user was not found", sam.NoGDAP,
		"The delegated admin relationship with this customer has ended.",
		"The partner sends a new GDAP request and the customer approves it.",
	},
	{
		"", sam.RoleInsufficient,
		"The relationship with this customer gives the account too few directory roles.",
		"The partner assigns its security group a role with read access (Global Reader or Directory Readers) in the relationship.",
	},
}

// read classifies a refusal.
func read(a upstream.Answer) upstream.Verdict {
	body := upstream.ParseErrorBody(a.Body)
	v := upstream.StatusVerdict(a.Status)
	if body.Code != "" {
		v.Code = body.Code
	}
	v.Detail = body.Message
	switch {
	case body.Says("Authorization_IdentityNotFound"):
		return denied(v, denials[0])
	case a.Challenged():
		return upstream.BlockedByPolicy(v)
	case a.Status == http.StatusForbidden:
		return denied(v, denialFor(body.Message))
	}
	return v
}

func denialFor(message string) denial {
	message = strings.ToLower(message)
	for _, d := range denials {
		if strings.Contains(message, d.words) {
			return d
		}
	}
	return denials[len(denials)-1]
}

func denied(v upstream.Verdict, d denial) upstream.Verdict {
	v.Class, v.Reason, v.Plain, v.Fix = sam.ClassCustomer, d.reason, d.plain, d.fix
	return v
}
