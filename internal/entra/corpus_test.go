package entra_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// corpus is table 3.2 of the reference, read independently of the code:
// code, OAuth error, HTTP status, class at home, class and reason at a customer.
const corpus = `
50001   invalid_resource        400 configuration customer      service_missing
500011  invalid_resource        400 configuration customer      service_missing
50011   invalid_request         400 configuration configuration -
50013   invalid_grant           400 credential    credential    -
50020   invalid_grant           400 reconsent     customer      no_gdap
500021  access_denied           400 configuration configuration -
500022  access_denied           400 configuration configuration -
500212  access_denied           400 policy        customer      blocked_by_policy
500213  access_denied           400 policy        customer      blocked_by_policy
50033   server_error            400 retry         retry         -
50034   invalid_grant           400 reconsent     customer      no_gdap
50053   invalid_grant           400 reconsent     customer      -
50055   invalid_grant           400 reconsent     customer      -
50057   invalid_grant           400 reconsent     customer      -
50058   login_required          400 reconsent     customer      -
50059   invalid_request         400 configuration configuration -
50128   invalid_request         400 configuration configuration -
50072   interaction_required    400 reconsent     policy        blocked_by_policy
50079   invalid_grant           400 reconsent     policy        blocked_by_policy
50074   interaction_required    400 reconsent     policy        blocked_by_policy
50076   invalid_grant           400 reconsent     policy        blocked_by_policy
50078   invalid_grant           400 reconsent     policy        blocked_by_policy
50097   interaction_required    400 policy        policy        blocked_by_policy
53000   invalid_grant           400 policy        policy        blocked_by_policy
53001   invalid_grant           400 policy        policy        blocked_by_policy
53002   invalid_grant           400 policy        policy        blocked_by_policy
50105   access_denied           400 configuration customer      blocked_by_policy
50126   invalid_grant           400 reconsent     customer      -
50131   interaction_required    400 policy        policy        blocked_by_policy
50132   invalid_grant           400 reconsent     customer      -
50133   invalid_grant           400 reconsent     customer      -
50135   invalid_grant           400 reconsent     customer      -
50144   invalid_grant           400 reconsent     customer      -
50158   interaction_required    400 reconsent     policy        blocked_by_policy
50173   invalid_grant           400 reconsent     customer      -
50177   invalid_grant           400 reconsent     customer      no_gdap
50194   unauthorized_client     400 configuration configuration -
50196   invalid_grant           400 retry         retry         -
501481  invalid_grant           400 configuration configuration -
53003   invalid_grant           400 policy        policy        blocked_by_policy
530032  access_denied           400 policy        policy        blocked_by_policy
530034  access_denied           400 policy        policy        blocked_by_policy
530035  access_denied           400 policy        policy        blocked_by_policy
53011   access_denied           400 policy        policy        blocked_by_policy
530084  invalid_grant           400 policy        policy        blocked_by_policy
54005   invalid_grant           400 configuration configuration -
65001   invalid_grant           400 reconsent     customer      consent_missing
65004   access_denied           400 reconsent     customer      consent_missing
650051  invalid_request         400 retry         retry         -
650052  access_denied           400 configuration customer      service_missing
650056  invalid_client          400 configuration configuration -
650057  invalid_resource        400 configuration configuration -
70000   invalid_grant           400 reconsent     customer      -
70001   unauthorized_client     400 configuration configuration -
70003   unsupported_grant_type  400 configuration configuration -
700003  interaction_required    400 policy        policy        blocked_by_policy
700005  invalid_grant           400 configuration configuration -
70008   invalid_grant           400 reconsent     customer      -
700082  invalid_grant           400 reconsent     customer      -
700084  invalid_grant           400 configuration configuration -
70011   invalid_scope           400 configuration configuration -
700011  unauthorized_client     400 configuration customer      consent_missing
700016  unauthorized_client     400 configuration customer      consent_missing
700022  invalid_request         400 configuration configuration -
700023  unauthorized_client     400 configuration configuration -
700025  invalid_client          401 configuration configuration -
700027  invalid_client          401 credential    credential    -
700030  invalid_client          401 credential    credential    -
70021   invalid_client          401 retry         retry         -
700213  invalid_client          401 credential    credential    -
7002131 invalid_client          401 credential    credential    -
700229  invalid_client          401 configuration configuration -
700024  invalid_client          401 credential    credential    -
700038  unauthorized_client     400 configuration configuration -
700054  unsupported_response_type 400 configuration configuration -
70043   invalid_grant           400 reconsent     policy        blocked_by_policy
70044   invalid_grant           400 reconsent     policy        blocked_by_policy
7000112 unauthorized_client     400 configuration customer      blocked_by_policy
7000215 invalid_client          401 credential    credential    -
7000218 invalid_client          401 configuration configuration -
7000222 invalid_client          401 credential    credential    -
7000229 invalid_client          401 configuration customer      consent_missing
90002   invalid_request         400 configuration customer      tenant_gone
90006   temporarily_unavailable 503 retry         retry         -
90012   temporarily_unavailable 400 retry         retry         -
90024   server_error            500 retry         retry         -
90033   temporarily_unavailable 503 retry         retry         -
90090   server_error            400 retry         retry         -
90014   invalid_request         400 configuration configuration -
900144  invalid_request         400 configuration configuration -
90019   invalid_request         400 configuration configuration -
900023  invalid_request         400 configuration customer      tenant_gone
9001023 invalid_request         400 configuration configuration -
9002313 invalid_request         400 configuration configuration -
90038   invalid_request         400 configuration customer      tenant_gone
900382  invalid_request         400 configuration customer      tenant_gone
900432  invalid_request         400 configuration customer      tenant_gone
90055   temporarily_unavailable 429 retry         retry         -
90072   invalid_grant           400 reconsent     customer      no_gdap
90094   access_denied           400 reconsent     customer      consent_missing
90095   access_denied           400 reconsent     customer      consent_missing
90099   invalid_grant           400 configuration customer      consent_missing
1000104 invalid_request         400 configuration configuration -
1000502 invalid_client          401 credential    credential    -
135010  invalid_request         400 configuration configuration -
5000224 invalid_request         400 configuration customer      tenant_gone`

type corpusRow struct {
	code           int
	oauth          string
	status         int
	home, customer sam.Class
	reason         sam.Reason
}

func readCorpus(t *testing.T) []corpusRow {
	t.Helper()
	var rows []corpusRow
	for line := range strings.Lines(strings.TrimSpace(corpus)) {
		var r corpusRow
		if _, err := fmt.Sscan(line, &r.code, &r.oauth, &r.status, &r.home, &r.customer, &r.reason); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if r.reason == "-" {
			r.reason = sam.NoReason
		}
		rows = append(rows, r)
	}
	return rows
}
