// Package shape compares the form of JSON documents: which members they have
// and of which type, whatever the values. Contract tests hold the simulator's
// answers against payloads that Microsoft published.
//
// The elements of an array are taken together: a member is required when all
// elements of the published array have it, allowed when any has it. Null
// agrees with everything.
package shape
