// Package year holds one test: a year in the life of many connections, on a
// virtual clock ("make year": 1,000 of them; "go test" alone: 40).
//
// # What happens
//
// Every hour a supervision round (jobs.RaiseStalled) and a rotation sweep
// (rotation.RotateDue); every day one access token for each connection in a
// customer's tenant (token.Source). Meanwhile vault, login endpoint and host
// break down at random for hours or days, each once for 20 days; the rotation
// timer stands still for 30 days; the app's client secret expires and is
// renewed five days later; and one grant is revoked.
//
// # What must hold
//
// No connection but the revoked one ever holds a token that cannot be
// redeemed. Every problem that needs a person, and every rotation that stands
// still for three days, is raised exactly once, within one supervision
// interval (an hour here, five minutes in production) of being visible; and is
// gone when a rotation has succeeded, at most one longest wait after the cure.
// Outside of outages every daily token is given.
//
// # What is real
//
// Real: policy, rotation, token cache, supervision's eye on rotation, the
// explanation of every failure. The life of every token is that of the
// simulator's grants (sim/world): 90 days unused, old ones stay good. A sample
// of the connections (four) runs over the real vault client and the real
// sign-in client against the simulated Key Vault and login host. The others,
// to fit a year into a minute, keep their versions in vaulttest.Memory (which
// keeps the same promises as the vault client), and their successful
// redemptions ask sim/world directly; whatever is to fail goes through the
// real client and the simulated login host. Not simulated: jobs and queues, the
// storage account, and more than one instance.
package year
