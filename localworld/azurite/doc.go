// Package azurite runs Azurite, the storage emulator, for tests and for the
// local world: queue, table and blob service on loopback, in memory, gone when
// the program that started it is gone.
//
// # Installing
//
// Azurite is an npm package, pinned with everything below it by package.json
// and package-lock.json in this folder. [Install] runs
//
//	npm ci --ignore-scripts --no-audit --no-fund
//
// here when node_modules is missing or was made from another lock file (a stamp
// file in node_modules remembers which), under a file lock, so that the tests
// of several packages may ask for it at the same moment. The same command by
// hand works too; the next Install then repeats it once to write its stamp.
// To renew the lock file: npm install --package-lock-only --omit-lockfile-registry-resolved.
//
// # Running
//
// [Start] starts node on free ports and returns when all three services listen
// (about two seconds). The flags are in-memory persistence, no telemetry, and
// skipApiVersionCheck, because azblob asks for a newer service version than
// Azurite 3.37.0 knows. Nothing is left behind: [Azurite.Stop] kills the
// process group; when the parent dies first, the closed standard input ends
// node (stop-with-parent.cjs), and on Linux the kernel kills it.
//
// # Testing
//
// [ForTest] gives every test a storage account of its own in one Azurite per
// test binary, so tests may use fixed queue and table names and run in
// parallel. It skips, saying so, only where node or npm is missing.
//
// Azurite drains queues in quadratic time: keep backlogs under 500 messages.
//
// Errors: ErrNoNode when node or npm is not on PATH; everything else is
// wrapped with what was attempted. As of November 2026, Azurite 3.37.0 on
// Node.js 20 and later (its manifest asks for 22 and npm warns about it).
package azurite
