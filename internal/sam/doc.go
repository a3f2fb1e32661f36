// Package sam is the vocabulary of samkeeper: the identifiers, outcomes and
// problem classes that every room shares, and the Secret that never prints.
//
// The words are those of Microsoft's Secure Application Model. A partner
// tenant is the provider's own directory; a customer is a tenant it serves; a
// connection is one consented identity (tenant, user object, app) and the
// refresh token that proves it; a run is one sweep over all customers; a job
// is one customer in one run; a task is one kind of work inside a job and has
// exactly one outcome; a finding is something wrong at a customer, opened once
// and closed once.
//
// The package imports the standard library only, and nothing here does I/O.
package sam
