// Package statuspage is the pane of glass: what is wrong, where, since when,
// and whose turn it is. Load reads the ledger into a Status; the Status is the
// JSON of GET /api/status and the data of the HTML page.
//
// Law of the room:
//
//   - It reads the ledger only. The ledger holds no secret, and there is no
//     door from here to the vault, so the page cannot show one.
//   - Judgements are pure and take now: the state of a connection (state.go),
//     what ends a missing access (access.go), whose turn a problem is and how
//     far it reaches (sam.Advise), what is silent (package watchdog).
//   - The newest runs are shown with the sums of their rows. A run that is
//     still open is counted afresh; failures come from the open runs and the
//     newest one that has ended.
//   - The same trouble over many customers is folded into one row (fold.go): by
//     class, code and reason. The lists stay whole beside it.
//   - What the task "access" finds is condensed by permission (radar.go) and has
//     its own section; the list of findings holds it as well, the page's table
//     does not.
//   - What samkeeper finds about itself (silent parts, the self-check) has its
//     own block and is counted nowhere else.
//   - A customer that the newest discovery no longer saw is not listed as
//     "without access": it is gone.
//
// Times are UTC and RFC 3339 in JSON, null when there is none. Errors are those
// of the ledger, wrapped with what was read. As of 2026-11.
package statuspage
