// Package sim is a whole Microsoft cloud on loopback, as far as the Secure
// Application Model needs one: sign-in (Entra ID), Key Vault, Partner Center,
// Microsoft Graph, Azure Resource Manager, and the managed identity of a
// function app; with a virtual clock and faults by dial.
//
// Law: it listens on loopback only and imports nothing of the program it is
// the counterpart of. Tokens carry the real issuers and audiences of the
// chosen cloud, signed by keys that exist only in this process; only the
// addresses differ from the real services. What is faithful and what is not is
// written down in FIDELITY.md.
package sim
