// Package keys is the signing key ring of the simulated authority: RSA-2048,
// RS256, published as JSON Web Key Sets with Microsoft's issuer member.
//
// Law: the newest key signs; the keys before it stay published, so tokens
// signed by them verify until they expire. Key ids are the base64url SHA-1
// digest of the key's certificate, as Entra's are. Source: the published
// discovery documents of Entra ID, as of November 2026.
package keys
