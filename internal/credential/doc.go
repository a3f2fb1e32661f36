// Package credential keeps the app's own credential alive: the certificate or
// the client secret by which the app registration knows us. It makes the next
// one in time, proves it, puts it in the place of the old one, and takes what
// is no longer used off the registration.
//
// # Law
//
// At every instant, whichever step dies and however often, what the vault gives
// out under the credential's name is accepted by Entra, as far as it was before.
// The old credential stays valid for at least a day after the switch, so that
// an instance that still holds it fails no work. What samkeeper did not make is
// never taken off the registration. Renewal needs no waiting: each step is
// decided anew from what vault, registration and ledger hold, by the next tick.
//
// # Where it is
//
// The secret NAME of the vault holds the credential in use, NAME-next the
// candidate. A certificate is PEM (application/x-pem-file): certificate and
// private key, or the certificate alone, whose key is then the Key Vault key
// named by the tags key and key-version and never leaves the vault. A client
// secret is its value, with the tag key-id. On the registration everything made
// here carries a display name that is the vault's and the credential's own
// (Mark), so that two apps that share one registration leave each other alone.
//
// # Steps
//
// One credential, under the lease "credential-NAME" (60 seconds), with what a
// process that dies right after the step leaves behind:
//
//	1 make     certificate: a candidate in the vault that nobody trusts yet.
//	           secret: Graph shows its value once, so it is on the registration
//	           first; if storing it fails it is removed again. Dying in between
//	           leaves a secret that nobody knows, removed by a later tidying.
//	2 list     the candidate is on the registration, beside all others, and the
//	           ledger says since when. Dying before the ledger: the wait begins anew.
//	3 wait     Entra needs time to spread it: 10 minutes, nothing while nothing
//	           else works.
//	4 prove    a token of the app itself, got with the candidate: nothing. A
//	           refusal is asked again with each tick for a day; then the
//	           candidate is discarded and a person is told.
//	5 promote  the candidate under NAME, read back: in use.
//	6 settle   the candidate's own place is switched off. Dying before: the next
//	           tick sees that both are the same.
//	7 tidy     a day after the switch: every credential with our mark that is
//	           neither in use nor candidate, the expired ones among them, leaves
//	           the registration, and older versions in the vault are switched off.
//
// # When
//
// Policy is pure (Due): a credential is renewed when fewer than 30 of its days
// are left (a certificate lives 365, a secret 180), when there is none, and when
// its end is not known, which is so for a secret stored by hand. A failure is
// tried again after 1, 2, 4 and then every 6 hours, and is raised to a person
// once unless it passes by itself; with fewer than 14 days left it is raised in
// any case. A credential that is not managed is only watched.
//
// # The race that cannot be closed
//
// Graph replaces the list of certificates as a whole and has no condition for
// it. It is read right before, and written back with every entry as it was
// read; a certificate that a person adds within that second is lost.
//
// Times are UTC, durations time.Duration. Sources: sections 1.8, 3 and 6.5 of
// the reference on the Secure Application Model, as of 2026-11.
package credential
