// Package graph reads from Microsoft Graph v1.0: a customer's organization and
// licences with the customer's token, the partner's delegated admin
// relationships, their assignments and the account's own groups with the
// partner's.
//
// Lists are followed by @odata.nextLink as it is written, but only to the
// configured host. Every error is a *sam.Problem. What a 403 means depends on
// its words, since Graph has one code for several causes; the table is in
// problems.go.
//
// Source: section 6 of the reference on the Secure Application Model, as of
// 2026-11. Times are UTC; units of licences are seats.
package graph
