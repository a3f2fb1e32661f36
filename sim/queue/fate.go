package queue

import "time"

// Call is a request whose fate is decided.
type Call struct {
	Account, Queue string
	Operation      Operation
	Hidden         time.Duration // PutMessage: how long the client hides it
}

// Mishap is what befalls a request; the zero value is nothing. What does not
// apply to the operation does not count.
type Mishap struct {
	Refuse     int  // the request is not applied and gets this status: 500 or 503
	LoseAnswer bool // the request is applied, then the connection is cut

	Drop   bool          // PutMessage: answered as stored, never stored
	Copies int           // PutMessage: stored this many times more
	Delay  time.Duration // PutMessage: invisible for so much longer

	StayVisible bool // GetMessages: handed out, and left for the next one as well
}
