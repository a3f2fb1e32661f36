// Package identity is the managed-identity endpoint that App Service and Azure
// Functions give their apps: GET IDENTITY_ENDPOINT with the header
// X-IDENTITY-HEADER, api-version 2019-08-01.
//
// Law: it serves exactly one user-assigned identity; a request that does not
// name it by client id, object id or resource id is refused, since a function
// app without a system-assigned identity has no other. Tokens live 24 hours.
// For the federation audience the issuer is the v2.0 one; for all services
// (vault, storage, ARM, Graph) it is the v1.0 one. expires_on is a string of
// seconds since 1970. As of November 2026.
package identity
