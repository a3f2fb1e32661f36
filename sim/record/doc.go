// Package record remembers what the simulated services were asked, so that
// tests can say "the vault was read once" without a mock.
//
// Law: no secret is kept. Header values are not recorded at all; of the query
// and the form only names are kept, with values only for fields that are known
// to be harmless. Bodies are counted by nobody and stored nowhere.
package record
