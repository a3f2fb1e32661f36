// The customers of the partner, and one queue message for each that can be visited.
import { accessToken } from './tokens.mjs';
import { json, list } from './http.mjs';
import { jobs } from './queues.mjs';
import { settings } from './settings.mjs';

const senders = 32;

/** Lists the customers and enqueues those with an active relationship. */
export async function enqueueCustomers() {
  const [all, related] = await Promise.all([customers(), relationships()]);
  const waiting = all.filter((id) => related.has(id));
  const run = new Date().toISOString();
  const send = async () => {
    for (let id = waiting.pop(); id; id = waiting.pop()) await jobs.send({ run, customer: id });
  };
  await Promise.all(Array.from({ length: senders }, send));
}

async function customers() {
  const token = await accessToken(settings.partner, 'partnerCenter');
  const found = new Set();
  for (let at = { uri: '/v1/customers?size=500' }; at; ) {
    const headers = Object.fromEntries((at.headers ?? []).map((h) => [h.key, h.value]));
    const page = await json('GET', settings.partnerCenter + below(at.uri), token, { headers });
    for (const c of page.items) found.add((c.companyProfile?.tenantId ?? c.id).toLowerCase());
    at = page.links?.next;
  }
  return [...found];
}

// Continuations leave the version out of their path.
const below = (uri) => (uri.startsWith('/v1/') ? uri : `/v1${uri}`);

async function relationships() {
  const token = await accessToken(settings.partner, 'graph');
  const query = new URLSearchParams({ $filter: "status eq 'active'", $top: '300' });
  const url = `${settings.graph}/v1.0/tenantRelationships/delegatedAdminRelationships?${query}`;
  const all = await list(url, token, '@odata.nextLink');
  return new Set(all.filter((r) => r.status === 'active').map((r) => r.customer.tenantId.toLowerCase()));
}
