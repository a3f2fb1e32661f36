// Package script reads a staged script root the way the Functions host does:
// host.json, and function.json of every immediate sub-folder.
//
// host.json is flattened into .NET configuration keys ("extensions:queues:batchSize",
// any case), and environment variables AzureFunctionsJobHost__section__key are
// laid over it, which is how the host treats it too. %SETTING% in binding
// attributes and in the worker description resolves from [Settings].
//
// A fault in host.json stops the host ([Load] fails); a fault in one function
// is kept in [App.Problems] and the other functions are served, as the host
// does. What this stand-in knows but does not play (httpWorker, proxying,
// retry, dynamic concurrency, http.routes, configuration profiles) is refused
// with a message instead of being ignored.
//
// Units: time.Duration; FunctionTimeout 0 means no timeout. Sources: sections
// 1 and 5 of the project's host reference. As of November 2026.
package script
