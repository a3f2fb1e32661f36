// Package control is the simulator's own door, for tests and for people who
// play with it: what should come out, what went on, and the dials.
//
// Law: plain http on loopback only, no authentication, and therefore only in
// a simulator. Bodies are JSON; unknown members are refused with 400, so that
// a typing error in a dial is noticed.
//
//	GET  /sim/info                    settings and endpoints
//	GET  /sim/expected?tasks=&classic= what a right run finds
//	GET  /sim/secrets                 every secret value ever given out
//	GET  /sim/vault                   versions per secret name
//	GET  /sim/requests                counts, and the last requests masked
//	GET  /sim/faults                  the dials by id
//	POST /sim/faults                  set one: see faults.Fault
//	DELETE /sim/faults[/{id}]         clear all, or one
//	POST /sim/dials                   {"partnercenter":{…},"arm":{…},"graph":{…},
//	                                  "login":{…}}: limits and habits of these
//	                                  services, see their Dials; what is not
//	                                  named stays
//	POST /sim/limits                  {"published":true}: all services refuse
//	                                  too many requests; false: as at the start
//	GET  /sim/limits                  answers, and refusals for too many
//	                                  requests, by host and (last) of all
//	POST /sim/clock                   {"advance":"24h","expire_tokens":true}
//	POST /sim/customers/{tid}         access of a customer, and its policy
//	POST /sim/tenants/{tid}/policy    sign-in policy of any tenant
//	POST /sim/users/{who}             an account of the partner
//	POST /sim/grants/revoke           {"tenant","object"}
//	POST /sim/app/secret              {"retire":true}: new client secret
//	POST /sim/app/federation          {"subject":"…"}: break or mend the trust
//	POST /sim/app/spread              {"delay":"90s"}: until a credential added through Graph is known
//	POST /sim/vault/role              {"role":"officer|reader|none","keys":…}: for secrets, for keys
//	POST /sim/keys/rotate             a new signing key
package control
