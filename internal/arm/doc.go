// Package arm reads a customer's Azure through Azure Resource Manager, with a
// token of the customer's tenant: subscriptions, resource groups, counts of
// resources, resource health, fired alerts, and the classic alert rules of the
// years before 2021.
//
// Fleet reads go to Azure Resource Graph first, one question for all
// subscriptions. Where Resource Graph refuses (400, 403, 404, 5xx) the older
// list of each subscription is read instead, and the answer is the same
// normalised one; where it throttles (429) the call fails, since the lists
// would only add load. [View] tells which way the answer came and which
// subscriptions could not be read.
//
// Subscriptions, groups, resources and Resource Graph are asked through the
// Azure SDK's clients. Health, alerts and classic rules are read by our own
// lister on the same SDK pipeline, because the generated models would lose
// what we need: they know one of the two spellings of the time of an
// occurrence, fail a whole page over one odd date, and percent-encode the
// slash of a subscription scope.
//
// The laws of package upstream hold: no sleeping, no foreign host, no
// registration of providers behind the customer's back. Every error is a
// *sam.Problem.
//
// Source: sections 7 and 13 of the reference on the Secure Application Model,
// as of 2026-11. Times are UTC.
package arm
