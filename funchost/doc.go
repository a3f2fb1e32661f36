// Package funchost plays the Azure Functions host on loopback over a staged
// script root, so that the very handler that is deployed can be tried, tested
// and measured without Azure: it discovers functions, starts the executable,
// fires HTTP, timer and queue triggers, and treats answers, failures, timeouts
// and crashes as the host does, its traps included.
//
// Sub-packages hold one concept each: script (host.json, function.json), worker
// (the process), wire (envelopes, answers, outputs), schedule and timer, queue,
// route. They know nothing of each other but for schedule and route, which
// script uses; this package joins them.
//
// Use: New reads the folder, Start runs it, URL is the front, Invoke runs a
// function by hand, WaitIdle waits until queues are drained, Stop ends
// everything. When the handler crashed three times the host stops by itself:
// Done and Err tell.
//
//	host, err := funchost.New(funchost.Config{ScriptRoot: "dist", Env: env})
//	err = host.Start(ctx)
//	defer host.Stop(ctx)
//	err = host.Invoke(ctx, "EnqueueCustomers", "")
//	err = host.WaitIdle(ctx)
//
// Storage is reached by connection string only (UseDevelopmentStorage=true
// included). Several hosts may work on one storage account at the same time;
// hosts with the same HostID share their timers by lease.
//
// FIDELITY.md lists, with the sources, what is faithful and what is not. As of
// November 2026, host 4.1052.
package funchost
