package localworld

import (
	"encoding/json"
	"fmt"
)

// consentBook is what the audit trail says of consents given at customers:
// which were asked for, given and proved.
type consentBook struct {
	asked, given, proved map[string]bool // by customer
}

func newConsentBook() *consentBook {
	return &consentBook{map[string]bool{}, map[string]bool{}, map[string]bool{}}
}

// note takes a row if it is a line about a consent.
func (b *consentBook) note(where string, row []byte) {
	if where != "table Audit" {
		return
	}
	var line struct{ Action, Subject, Result string }
	if err := json.Unmarshal(row, &line); err != nil || line.Action != "application-consent" {
		return // a row that cannot be read is missed in the sums
	}
	switch line.Result {
	case "asked":
		b.asked[line.Subject] = true
	case "given", "existed":
		b.given[line.Subject] = true
	case "proved":
		b.proved[line.Subject] = true
	}
}

// String tells a person.
func (b *consentBook) String() string {
	return fmt.Sprintf("Consent was missing at %d customers: given at %d, proved by redeeming at %d, refused at %d", len(b.asked), len(b.given), len(b.proved), len(b.asked)-len(b.given))
}
