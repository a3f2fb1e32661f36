// Package worker owns the custom handler's process: starting it, deciding when
// it is ready, reading its output, and what its end means.
//
// States: starting (port closed), ready (the port answered once), down (exit
// code 0: never restarted, yet counted as ready, so calls are refused by the
// socket), dead (three counted failures: the host must stop).
//
//	exit 0                         nothing: stays down
//	exit 200, Restart              started again, not counted
//	any other end, or not ready    counted; 1st and 2nd: started again at once,
//	within the initialization      3rd: dead. The count starts over when more
//	timeout                        than 30 minutes passed since the last one
//
// The process gets FUNCTIONS_CUSTOMHANDLER_PORT and its four companions, no
// standard input, and the same port at every start. It is stopped with SIGKILL,
// as the host does; Config.Terminate asks with SIGTERM first, which the host
// never does. On Linux the kernel kills it when this program dies.
//
// Output: one line, one record. stdout is information; stderr is error, or
// warning when the line contains "warn"; see Config.StdErrOnlyErrors.
//
// Sources: section 2 of the project's host reference. As of November 2026.
package worker
