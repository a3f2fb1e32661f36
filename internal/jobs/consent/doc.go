// Package consent is the task that sees to it that the app is consented to at a
// customer, for the services that the other tasks call. It is the only task
// that changes anything at a customer: through Partner Center it adds the app's
// service principal and delegated permissions to the customer's tenant, those of
// its Needs and nothing more. It takes nothing away.
//
// # Proof
//
// The proof of a consent is a token: for each service one is redeemed in the
// customer's tenant (the other tasks use the same), and its scp claim is looked
// at for the permissions. A cached token tells nothing of a consent given since,
// so what the cache shows as missing is asked for anew before it is believed.
// A claim that is not there, or not readable, is no evidence against anything.
//
// # Giving
//
// Only what is missing is asked for, one service in a call, after a line of
// intent in the audit trail and before a line about what came of it. Partner
// Center keeps one entry for each service: "already exists" is a success as far
// as the token proves it. A consent takes seconds to minutes to spread, so after
// it the task waits (jobs.CodeWait), looks again after 5 seconds, then whenever
// as much time has passed again, at most two minutes apart, and gives up ten
// minutes after the consent.
//
// # Memory
//
// The audit trail of the customer is what the task remembers by, so that a crash
// at any instruction, a repeated delivery or another process leads to the same
// end:
//
//	nothing, refused, proved     → ask
//	asked, no answer             → ask again with the same request id
//	given, existed (a day long)  → wait for it; never ask twice
//
// A consent that was given and stays unproved is not asked for again before a
// day has passed; meanwhile the task is skipped with its date at once.
//
// # Outcomes
//
// done: every service gives a token with the permissions. skipped: consent is
// missing and cannot be given here (no_gdap_role, not_in_customer_list,
// no_reseller, blocked_by_policy, service_missing), was given and does not count
// (consent_missing), or the login refuses for another reason. A customer that
// consented by itself (a direct connection) is only looked at: its own
// administrator consents on the sign-in page.
//
// Source: section 5.6 and 10 of the reference on the Secure Application Model,
// as of 2026-11.
package consent
