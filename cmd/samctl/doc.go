// Command samctl is the operator's command line.
//
//	samctl check  [--settings FILE]          are the settings right? all faults at once, offline
//	samctl status [--url URL] [--key KEY]    connections, the newest run, findings, who has no access
//	samctl health [--url URL]                is the app live and configured?
//	samctl runs   list|show|cancel|resume    runs and their sums
//	samctl jobs   list|show|replay|dismiss   jobs that were given up, and another chance for them
//	samctl connections list|primary|disable|enable
//
// The first three hold no right of their own: they read settings from the
// environment or a file, and ask a running app over HTTP with a function key
// (SAMCTL_URL, SAMCTL_KEY). The others work on the storage account and read
// only what opens it: AzureWebJobsStorage, or the identity-based settings with
// a developer's own login. They visit no customer and hold no token; what they
// change is in the audit trail, in the name of who is logged in, or of --by.
// Every command takes --output json for machines.
//
// Exit codes: 0 all is well; 1 something is wrong, which is what the output
// says (for jobs replay: some jobs could not be replayed); 2 the command could
// not be carried out.
package main
