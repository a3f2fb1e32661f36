// Package partnercenter plays the Partner Center REST API (v1) over a world:
// the customer list, what each customer bought, its users and licences, and
// the consent a partner gives its application in a customer's tenant.
//
// Law: a consent posted here is seen by the login service at the next token
// request, and nothing else in this package changes the world.
//
// Callers need an access token of the partner tenant with a user behind it
// and with "mfa" among its methods; an app-only token reads the customer list
// and nothing more. Errors have the shape {code, description, data, source}
// with a numeric code, except 429, which has {statusCode, message}.
//
// Source: the Partner Center REST reference and error code list, 2021 to 2026
// states; field notes on MFA enforcement. As of November 2026.
package partnercenter
