// Command samctl is the operator's command line.
//
//	samctl check  [--settings FILE]          are the settings right? all faults at once, offline
//	samctl status [--url URL] [--key KEY]    connections, the newest run, findings, who has no access
//	samctl health [--url URL]                is the app live and configured?
//
// It holds no right of its own: it reads settings from the environment or a
// file, and asks a running app over HTTP with a function key (SAMCTL_URL,
// SAMCTL_KEY). Every command takes --output json for machines.
//
// Exit codes: 0 all is well; 1 something is wrong, which is what the output
// says; 2 the command could not be carried out.
package main
