package entra

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// Meaning is what one AADSTS code says to us: table 3.2 of the reference on the
// model, as of 2026-11. The same code has two readings, see the package comment.
type Meaning struct {
	Code     int
	Home     sam.Class  // in the grant's own tenant
	Customer sam.Class  // in a customer's tenant
	Reason   sam.Reason // in a customer's tenant: the access state; NoReason if none
	Plain    string     // what is wrong, one sentence
	Fix      string     // what to do, in the grant's own tenant
	// CustomerFix is what to do about a customer's tenant; "" means Fix.
	CustomerFix string
}

// Short names for the rows of the tables.
const (
	retry         = sam.ClassRetry
	reconsent     = sam.ClassReconsent
	credential    = sam.ClassCredential
	customer      = sam.ClassCustomer
	policy        = sam.ClassPolicy
	configuration = sam.ClassConfiguration
)

// Sentences that many rows share.
const (
	fixNothing = "Nothing; it is tried again later."
	fixSignIn  = "Sign in again through the consent page."
	fixSignMFA = "Sign in again through the consent page, with MFA."
	fixPolicy  = "Look at the sign-in log of your tenant and exempt the consent account from the policy, then sign in again."
	fixExclude = "Ask the customer to exclude service-provider users of your tenant from the policy, in Conditional Access or cross-tenant access."
	fixConsent = "Consent to the app in the customer's tenant: by Partner Center application consent, or by the customer's admin on the admin consent page."
	fixGDAP    = "Put the consent account into a security group with an active delegated admin relationship (GDAP) to this customer, and delete a guest user of the same name there."
	fixAccount = "Nothing at the customer, unless other customers fail too: then the connection is broken, and you sign in again through the consent page."
	fixBug     = "Report this as a fault of samkeeper, with the code and the trace id."
	fixApp     = "Correct the app registration in your tenant."
	fixTenant  = "Check whether the tenant still exists and lives in this cloud; if not, end the relationship with the customer."
	fixHome    = "Check the partner tenant id and the cloud in the settings."
)

// wrapper is the code that only says "see the other code".
const wrapper = 70002

// waits are codes that must not be tried again for a while even when no
// Retry-After came: 50196 means that a loop was noticed.
var waits = map[int]time.Duration{50196: 5 * time.Minute}

// throttledFor is the wait after a 429 that names none, as Microsoft's own
// client library has it.
const throttledFor = time.Minute

// grantCodes speak of the refresh token itself, in whichever tenant they come.
var grantCodes = []int{50132, 50133, 50173, 70000, 70008, 700082, 700084}

// meanings indexes the tables by code.
var meanings = index(signInMeanings, applicationMeanings, serviceMeanings)

func index(tables ...[]Meaning) map[int]Meaning {
	all := make(map[int]Meaning)
	for _, table := range tables {
		for _, m := range table {
			all[m.Code] = m
		}
	}
	return all
}

// Meanings lists every known code in ascending order, for documentation and tests.
func Meanings() []Meaning {
	all := make([]Meaning, 0, len(meanings))
	for _, m := range meanings {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Meaning) int { return cmp.Compare(a.Code, b.Code) })
	return all
}

// mostSpecific picks the code that says most: a known one over an unknown one
// over the wrapper, and the longer number over the shorter, since Microsoft
// refines a code by adding digits. 0 when there is none.
func mostSpecific(codes []int) int {
	best := 0
	for _, c := range codes {
		if c > 0 && (best == 0 || moreSpecific(c, best)) {
			best = c
		}
	}
	return best
}

func moreSpecific(a, b int) bool {
	if d := cmp.Compare(rank(a), rank(b)); d != 0 {
		return d > 0
	}
	return len(strconv.Itoa(a)) > len(strconv.Itoa(b))
}

func rank(code int) int {
	if code == wrapper {
		return 0
	}
	if _, known := meanings[code]; known {
		return 2
	}
	return 1
}
