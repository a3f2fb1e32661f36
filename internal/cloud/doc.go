// Package cloud holds one record per Microsoft cloud: where to connect, which
// audiences and issuers its tokens carry, and which host suffixes its vaults
// and storage accounts have.
//
// Clouds are data. No other package of samkeeper spells a Microsoft host name;
// a connection, an app registration and a refresh token belong to one cloud
// and never cross into another. Facts: section 9 of the reference on the
// Secure Application Model, as of 2026-11.
package cloud
