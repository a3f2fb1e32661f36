// Package rotation keeps refresh tokens alive without a person: it renews each
// one daily, proves that what the vault now holds can be redeemed, and only
// then lets older versions go.
//
// # Law
//
// At every instant, whichever step dies and however often, the vault holds an
// enabled version of each connection that can be redeemed, as long as Entra
// accepts the grant at all. A consent is never overtaken by a descendant of an
// older grant. Nothing is ever deleted.
//
// # Steps
//
// One connection, under its lease ("rotate-<connection id>", 60 seconds), with
// what a process that dies right after the step leaves behind:
//
//	 1 lease        a lease that ends by itself
//	 2 read         status row, current version, list of versions: nothing.
//	                The version to start from is the newest of the newest grant
//	 3 still due?   somebody else may have rotated meanwhile: nothing
//	 4 intent       an audit row without outcome; without it no further step
//	 5 redeem       at the partner tenant. Entra does not revoke the old token:
//	                a new one that nobody holds, the old one as good as before
//	 6 check        same tenant, user and app, MFA still there, a token came: nothing
//	 7 still ours?  lease renewed, the current version still the one of step 2: nothing
//	 8 write        a new version, current, not yet proved; the old one enabled
//	 9 read back    the same; a version that reads back wrong is disabled
//	10 give way     if a consent came between 7 and 8, our version is disabled
//	11 prove        redeem what was read back: proved, but not yet on record
//	12 outcome      audit row; without it step 13 waits for the next rotation
//	13 retire       some of the versions below the old one disabled
//	14 status       the row; until it is written the connection counts as due
//	15 ask          Partner Center, once a day: a question that is asked again tomorrow
//	16 release      a lease that ends by itself
//
// Every step may be repeated from the start, and is, by the next sweep. The
// acts after the proof are finished although the caller has gone.
//
// Step 15 is no part of the rotation: it asks, with the token of the proof,
// whether Partner Center accepts the second factor behind it, and keeps the
// answer. "Not any more" is raised as a warning while it still serves; a refusal
// breaks the connection, and only Partner Center's own word mends it. Nobody is
// asked about a customer's own connection.
//
// # Grants
//
// Every version carries the id of the consent's version that it descends from
// (vault.Version.Grant, a tag). Consents are ordered by the vault; which token
// belongs to which consent is never concluded from clocks, since the one of
// whoever rotated may have been wrong. Only a token without that tag, from
// another tool, is judged by the times of its tags.
//
// # When the new token is bad
//
// Steps 8 to 11 leave two enabled versions: the new one and the one it came
// from. If the proof fails for a passing reason they stay so, and the next
// rotation begins with the new one. If the new one is refused for good, the
// old one is redeemed once more: if it still works, the new one is disabled,
// which makes the old one current again; if not, the grant has ended, both
// versions stay as they are, and a person is called. A rotation that finds an
// unproved version of an earlier one refused falls back on the version below
// in the same way, but only on one of the same grant.
//
// # The race that cannot be closed
//
// Key Vault's set-secret has no condition, and consent takes no lease: it must
// succeed while rotation hangs. So a consent may land between steps 7 and 8,
// and a rotator that lost its lease unnoticed may write beside another one.
// Step 10 sees the consent and gives way. If the process dies between 8 and
// 10, the descendant of the older grant is current above the new consent,
// until the next rotation sees by the grants that the consent is the younger
// of the two and starts from it. Meanwhile that is harmless: the token was
// minted seconds ago for the same user and app, so it works, and the consent
// stays enabled right below it. Two rotators both succeed, since redeeming
// revokes nothing; the later version is current, both work.
//
// # Proof
//
// TestSchedules plays more than ten thousand distinct orders of events over
// the real clients and the simulator, and checks the law after every remote
// call; TestTheSchedulesFindABrokenRotator breaks the law in six ways, and is
// found out. A schedule that fails prints its name; play it alone with
//
//	go test ./internal/rotation -run TestSchedules -v -schedule=NAME
//
// Package year plays a year of outages ("make year").
//
// # When
//
// Policy is pure ([Due]): a connection never proved, at once; otherwise every
// 24 hours plus a share of 2 hours that is the connection's own; sooner when
// fewer than 45 of the 90 days are left, or the last attempt or proof failed.
// After a failure 1 h, doubling to 32 h (the table in policy.go has the running
// totals); Retry-After is obeyed up to there. Catch-up always: what is due is
// decided from what was done and not from what the timer should have done, so
// the first sweep after a standstill rotates everything that was missed, once.
// A refusal that only a new sign-in can end is raised to a person once and
// probed once a day. A failure that should pass by itself is raised once
// rotation has stood still for three days, by package jobs, which also notices
// a timer that never fires. A connection that an operator switched off is never
// due.
//
// The status row has no condition either; a rotation does not write it if a
// consent has written it meanwhile. If both write in the same instant the row
// may say less than the vault, which is the truth, until the next rotation.
//
// Times are UTC, durations time.Duration. Sources: section 2 of the reference
// on the Secure Application Model and its account of Key Vault, as of 2026-11.
package rotation
