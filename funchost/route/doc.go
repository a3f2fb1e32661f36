// Package route matches request paths against ASP.NET route templates, the way
// the host finds an HTTP function: literals in any case, {name}, {name?},
// {name=default}, {*rest} and the inline constraints int, long, bool, guid,
// alpha, decimal, double, float, datetime, length, minlength, maxlength, min,
// max, range, regex and required. A segment is a literal or one parameter;
// mixtures such as {name}.{ext} are refused.
//
// Literals win over constrained parameters, those over free ones, those over
// the catch-all. Sources: section 5.4 of the project's host reference; the
// ASP.NET Core routing documentation, from memory. As of November 2026.
package route
