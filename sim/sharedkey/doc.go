// Package sharedkey checks the signature that an Azure Storage client puts on
// a request with an account key: the schemes SharedKey and SharedKeyLite of the
// blob and queue services, and those of the table service, which differ.
//
// Law: the header is "<scheme> <account>:<signature>", the signature is
// base64(HMAC-SHA256(key, string to sign)), and the string to sign is made of
// the request as it arrived: nothing a signature covers can be changed on the
// way. The account that signs is the first segment of the path, for these are
// emulator-style addresses (http://host/<account>/...), in which the account
// stands twice in the canonicalized resource. A date more than 15 minutes off
// is refused.
//
// Every account name is good, all have the one key: a test can have an account
// of its own without telling anybody.
//
// Shared access signatures and bearer tokens are not known here; they are
// [ErrMissing] and [ErrMalformed].
//
// Source: "Authorize with Shared Key" in the Azure Storage REST documentation,
// version 2015-02-21 and later. As of November 2026.
package sharedkey
