// Package arm plays the reads of Azure Resource Manager that a sweep needs:
// subscriptions, resource groups and resources, Resource Graph, Resource
// Health, Azure Monitor's alerts and alert rules, and the classic alert rules
// of the years before 2021.
//
// Law: the token's tenant decides which subscriptions exist for its bearer. A
// subscription of another tenant answers 401 InvalidAuthenticationTokenTenant
// with the way to the right one; one without a role assignment answers 403; a
// list over subscriptions the caller may not read is empty and succeeds.
//
// Paths match in any case. Every call needs an api-version. Reads are taken
// from a bucket per caller and subscription, Resource Graph queries from a
// window per caller and tenant; both by the world's clock.
//
// Source: Azure Resource Manager and Resource Graph references and published
// examples; package kql for the query language. As of November 2026.
package arm
