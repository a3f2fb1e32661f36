package partnercenter

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/sim/bearer"
	"github.com/samkeeper/samkeeper/sim/world"
)

// adoption counts the calls of one application, for the MFA report.
type adoption struct {
	compliant, total int
	last             time.Time
}

// errPhrase asks for the old refusal by reason phrase.
var errPhrase = errors.New("MFA required")

// take counts the call against the quotas of the present minute, of the
// caller's tenant and of the customer, and returns how long to wait when there
// is nothing left. Refused calls count, too, also those without a good token.
func (s *Service) take(r *http.Request, caller bearer.Claims, now time.Time) time.Duration {
	dials := s.Dials()
	var wait time.Duration
	charge := func(key string, limit int) {
		if limit <= 0 {
			return
		}
		if use := s.calls.Take(key, 1, time.Minute, now); use.Used > limit {
			wait = max(wait, use.Resets)
		}
	}
	charge(caller.Tenant, dials.CallsPerMinute)
	if customer := r.PathValue("customer"); customer != "" {
		charge(caller.Tenant+"|"+strings.ToLower(customer), dials.CustomerCallsPerMinute)
	}
	return wait
}

// admit checks the caller's tenant and second factor.
func (s *Service) admit(w http.ResponseWriter, r *http.Request, caller bearer.Claims, appOnly bool) error {
	if !world.IsPartner(caller.Tenant) {
		return refusal{http.StatusUnauthorized, 400, "Access denied: the caller is not of a partner tenant."}
	}
	if !caller.Delegated {
		if appOnly {
			return nil
		}
		return refusal{http.StatusForbidden, 2032, "Access denied: the operation needs App+User authentication."}
	}
	if validate, _ := strconv.ParseBool(r.Header.Get("ValidateMfa")); validate {
		w.Header().Set("isMfaCompliant", strconv.FormatBool(s.compliant(caller)))
	}
	return s.secondFactor(caller)
}

// compliant is what the service makes of the caller's second factor.
func (s *Service) compliant(caller bearer.Claims) bool {
	return caller.MFA() && !s.Dials().MFAIgnored
}

// secondFactor keeps the adoption report and refuses its share of the calls
// that come without a second factor.
func (s *Service) secondFactor(caller bearer.Claims) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.adoption[caller.App]
	if a == nil {
		a = &adoption{}
		s.adoption[caller.App] = a
	}
	a.total++
	a.last = s.world.Now()
	if caller.MFA() && !s.dials.MFAIgnored {
		a.compliant++
		return nil
	}
	s.ramp++
	if s.ramp*s.dials.MFAShare/100 == (s.ramp-1)*s.dials.MFAShare/100 {
		return nil
	}
	if s.dials.MFAPhrase {
		return errPhrase
	}
	return refusal{http.StatusUnauthorized, 900421, "MFA is required: the access token was issued without multi-factor authentication."}
}

// unauthenticated tells a missing token from an unusable one.
func unauthenticated(err error) error {
	var bad *bearer.Error
	if errors.As(err, &bad) && bad.Fault == bearer.Missing {
		return refusal{http.StatusUnauthorized, 800001, "The partner token is missing."}
	}
	return refusal{http.StatusUnauthorized, 400, "Access denied: " + err.Error()}
}

// customer finds the customer of the route.
func (s *Service) customer(c call) (*world.Customer, error) {
	id := strings.ToLower(c.PathValue("customer"))
	if !isGUID(id) {
		return nil, refusal{http.StatusBadRequest, 2000, "The parameter customer_id is not a GUID."}
	}
	found, known := s.world.Customer(id)
	if !known || found.Gone || !found.ServedBy(c.caller.Tenant) {
		return nil, refusal{http.StatusNotFound, 60003, "The tenant " + id + " was not found."}
	}
	return found, nil
}

// sold is customer for what the partner's books know.
func (s *Service) sold(c call) (*world.Customer, error) {
	found, err := s.customer(c)
	if err == nil && found.NoReseller {
		return nil, refusal{http.StatusForbidden, 20002, "There is no commerce relationship between the partner and the customer."}
	}
	return found, err
}

// administered is customer for what Partner Center reads in the customer's
// directory, where the relationship and the customer's policies count.
func (s *Service) administered(c call) (*world.Customer, error) {
	found, err := s.sold(c)
	switch {
	case err != nil:
		return nil, err
	case !found.Administered():
		return nil, refusal{http.StatusForbidden, 2032, "Access denied: no granular delegated admin privileges for this customer."}
	case found.Blocked:
		return nil, refusal{http.StatusForbidden, 900309, "Access has been blocked by Conditional Access policies of the customer."}
	}
	return found, nil
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i])) {
				return false
			}
		}
	}
	return true
}
