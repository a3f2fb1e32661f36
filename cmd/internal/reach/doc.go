// Package reach is how our programs reach what they depend on: the HTTP client
// for everything outgoing, the identity that opens vault and storage, and the
// storage account, from the settings the Functions host itself uses.
//
// Nothing here calls out; faults of the configuration that only show when it is
// used come as config.Fault. It lives beside the programs because it reads the
// configuration, which rooms never do.
package reach
