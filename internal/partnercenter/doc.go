// Package partnercenter speaks to the Partner Center REST API: it reads which
// customers the partner has and which subscriptions it sold to one of them, and
// it consents to the app at one of them. That consent is the only thing it ever
// writes; nothing is deleted.
//
// Calls are made with the partner tenant's token (app and user, with MFA). A
// list is followed over all its pages: the continuation is a relative link,
// with or without the version prefix, and a set of headers to add; its host is
// never used, and a link that repeats or never ends is an error. totalCount is
// not trusted, since it is undocumented whether it counts the page or all.
//
// MS-RequestId is the idempotency key: new for each call, the same when the
// pipeline repeats it. Every error is a *sam.Problem; problems that concern
// one customer carry that customer's tenant and a Reason, all others the
// partner's.
//
// Source: section 5 of the reference on the Secure Application Model (Partner
// Center documentation of 2023, MFA enforcement of 2026), as of 2026-11.
package partnercenter
