// Loaded before Azurite: ends the process when the parent's end of standard
// input closes, which the operating system does however the parent dies.
process.stdin.on("end", () => process.exit(0));
process.stdin.on("error", () => process.exit(0));
process.stdin.resume();
