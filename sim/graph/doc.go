// Package graph plays the part of Microsoft Graph v1.0 that a partner's sweep
// reads: organization, licences, users and consents of a customer, and in the
// partner's own tenant the delegated admin relationships and contracts.
//
// Law: the tenant of the access token decides whose data is seen. A customer's
// token sees the customer's directory while an active relationship carries it,
// the partner's token sees the partner's, and only it sees relationships. The
// app's own registration is seen and changed by the app alone, with an app-only
// token of the partner tenant that has Application.ReadWrite.OwnedBy.
//
// Lists answer {"@odata.context", "value", "@odata.nextLink"}; next links are
// absolute and lead to the host the caller used. Errors are {"error":{code,
// message, innerError}}, and every other one spells it innererror, as the
// service does.
//
// Source: Microsoft Graph v1.0 reference, concepts on errors and paging. As of
// November 2026.
package graph
