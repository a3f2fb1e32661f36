// Package fleet answers who the partner's customers are, and what access the
// connection has to each.
//
// Two books are compared. Partner Center lists whom the partner sells to;
// Graph lists the active delegated admin relationships (GDAP), which are what
// lets the connection sign in there. The rules, in [Merge]:
//
//   - in both: a customer to visit; AccessEnds is when its last active
//     relationship ends;
//   - only in Partner Center: Access is no_gdap, with the sentence that says
//     whose turn it is;
//   - only in Graph: visited as well, since the relationship is what counts;
//     AccessDetail notes that Partner Center does not list it;
//   - Graph could not be read: everyone is visited and nobody is judged; the
//     discovery is Partial and says why.
//
// A connection of kind direct serves one customer, its own tenant. It asks
// neither book, only what the organization is called.
//
// An empty list is [ErrNoCustomers], never a result: a partner with no
// customers and a connection that sees none look alike, and both need a person.
// Discovery decides about Access anew each time; what stands in the way beyond
// the relationship is found by visiting.
//
// Source: sections 5.3, 6.3 and 10 of the reference on the Secure Application
// Model, as of 2026-11.
package fleet
