// Package storage makes the queue, table and blob clients of the function
// app's storage account, from the settings the Functions host itself uses.
//
// # What opens the account
//
// A connection string (account key or shared access signature; explicit
// endpoints; UseDevelopmentStorage=true for an emulator on its usual ports), or
// a token credential with three https URLs, which package config derives from
// AzureWebJobsStorage__accountName or the __blobServiceUri, __queueServiceUri
// and __tableServiceUri settings. Tokens are never sent over http.
//
// # Names
//
// [Clients.Ensure] creates all queues, tables and containers; the constants
// name them. The Functions host creates none of them: a trigger polls a missing
// queue silently for ever.
//
// # Failures
//
// Two tries, at most a second apart, then the failure is the caller's: waiting
// is done by re-queueing. Every client reports failures as *sam.Problem, class
// retry or configuration, with the role that is missing named in the fix. Not
// problems are the answers that callers ask for: 404, 409 and 412 stay
// *azcore.ResponseError, unless their code says that a whole table, queue or
// container is missing or being deleted. A refused table transaction is one of
// those answers, too: status 202 with an empty code.
//
// # Queue messages
//
// Text is base64, the host's default encoding, which leaves 48 KiB of the 64
// KiB for the body. Messages do not expire.
//
// Sources: Azure Storage REST documentation; the host's reading of
// AzureWebJobsStorage; measurements against Azurite 3.37.0. As of 2026-11.
package storage
