// Package config turns the process environment into one validated Config, or
// into one error that lists every fault at once in plain words.
//
// Law of the room:
//
//   - Settings (settings.go) is the only list of names, defaults and meanings.
//     docs/configuration.md and local.settings.sample.json are tested against it.
//   - Parse reads each setting once, does no I/O and knows no clock. Nothing
//     below cmd/ reads the environment for itself.
//   - A fault names the setting, says what is wrong with it and what to put
//     there. It never repeats a value that could be a secret.
//   - The simulated cloud is whole or absent: endpoint overrides must point to
//     loopback, and either all of them and the vault do, or none. A refresh
//     token of a real tenant can thus never be sent to a simulator, nor the
//     other way round.
//
// Durations are Go durations ("4h", "15m"); lists are separated by commas;
// GUIDs may have any case and are kept in lower case. URLs are kept without a
// trailing slash. As of 2026-11.
package config
