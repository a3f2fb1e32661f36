// Command samhost plays the Azure Functions host on loopback over a staged
// script root.
//
//	samhost --script-root dist --port 7071      run it until interrupted
//	samhost -check dist                         list its functions; fail on an empty list
//
// --settings names a local.settings.json whose Values become environment
// variables unless they are set already. --enable-auth turns the check of
// function keys on; the keys come from --keys, a JSON file
// {"master":"…","host":{"default":"…"},"functions":{"Status":{"default":"…"}}}.
//
// The handler's lines go to standard output as they are, the host's own records
// to standard error. Exit codes: 0 stopped as asked, 1 anything else.
package main
