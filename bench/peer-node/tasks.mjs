// What is looked at for one customer: subscriptions, resource health, directory.
// Each task returns { skipped } or { findings, ... }; a finding is { kind, key, title }.
import { accessToken } from './tokens.mjs';
import { json, list } from './http.mjs';
import { settings } from './settings.mjs';

const finding = (kind, what, title) => ({ kind, key: `${kind}|${what.toLowerCase()}`, title });

/** What of the customer's Azure can be read, and with whose token; asked once per job. */
function azure(visit) {
  return (visit.azure ??= look(visit.customer));
}

async function look(customer) {
  const own = await subscriptionsOf(customer);
  if (own.length > 0) return { tenant: customer, subscriptions: own };
  // Lighthouse projects what a customer delegated into the partner's tenant.
  const delegated = (await projected()).filter((s) => s.tenantId === customer);
  if (delegated.length > 0) return { tenant: settings.partner, subscriptions: delegated };
  // An empty list is no refusal: the partner's books tell "no Azure" from "no rights".
  const books = `${settings.partnerCenter}/v1/customers/${customer}/subscriptions`;
  const sold = await json('GET', books, await accessToken(settings.partner, 'partnerCenter'));
  const azure = sold.items.some((s) => s.status !== 'deleted' && /^(azure plan|microsoft azure)/i.test(s.offerName));
  return { skipped: azure ? 'no_azure_rbac' : 'no_azure_subscription' };
}

async function subscriptionsOf(tenant) {
  return list(`${settings.arm}/subscriptions?api-version=2022-12-01`, await accessToken(tenant, 'arm'), 'nextLink');
}

const projectionLife = 5 * 60_000;
let projection = { readAt: 0, value: undefined };

/** The partner tenant's own list, which is the same for all customers. */
function projected() {
  if (Date.now() - projection.readAt > projectionLife) {
    projection = { readAt: Date.now(), value: subscriptionsOf(settings.partner) };
    projection.value.catch(() => { projection.readAt = 0; });
  }
  return projection.value;
}

/** All rows of a Resource Graph question. */
async function ask({ tenant, subscriptions }, query) {
  const url = `${settings.arm}/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01`;
  const token = await accessToken(tenant, 'arm');
  const rows = [];
  for (let skipToken; ; ) {
    const options = { resultFormat: 'objectArray', $top: 1000, ...(skipToken && { $skipToken: skipToken }) };
    const page = await json('POST', url, token, {
      body: { subscriptions: subscriptions.map((s) => s.subscriptionId), query, options },
    });
    rows.push(...page.data);
    skipToken = page.$skipToken;
    if (!skipToken) return rows;
  }
}

async function subscriptions(visit) {
  const reach = await azure(visit);
  if (reach.skipped) return { skipped: reach.skipped };
  const { subscriptions } = reach;
  const rows = await ask(reach, 'resources | summarize n = count() by type');
  return {
    subscriptions: subscriptions.length,
    resources: rows.reduce((sum, r) => sum + r.n, 0),
    findings: subscriptions.filter((s) => s.state !== 'Enabled')
      .map((s) => finding('subscription_state', s.subscriptionId, `Subscription ${s.displayName} is ${s.state}`)),
  };
}

const healthQuestion = `healthresources
| where type in~ ('microsoft.resourcehealth/availabilitystatuses', 'microsoft.resourcehealth/resourceannotations')
| project id, type, properties`;

async function health(visit) {
  const reach = await azure(visit);
  if (reach.skipped) return { skipped: reach.skipped };
  const rows = await ask(reach, healthQuestion);
  const states = rows.filter((r) => /\/availabilitystatuses$/i.test(r.type)).map((r) => r.properties);
  return {
    resources: states.length,
    findings: states.filter((s) => /^(unavailable|degraded)$/i.test(s.availabilityState))
      .map((s) => finding('resource_unhealthy', s.targetResourceId, `${s.targetResourceId.split('/').pop()} is ${s.availabilityState}`)),
  };
}

async function directory({ customer }) {
  const token = await accessToken(customer, 'graph');
  const [organization] = await list(`${settings.graph}/v1.0/organization`, token, '@odata.nextLink');
  const skus = await list(`${settings.graph}/v1.0/subscribedSkus`, token, '@odata.nextLink');
  const lapsed = skus.filter((s) => s.capabilityStatus !== 'Enabled')
    .map((s) => finding('licence_state', s.skuId, `Licence ${s.skuPartNumber} is ${s.capabilityStatus}`));
  const overused = skus.filter((s) => s.consumedUnits > s.prepaidUnits.enabled)
    .map((s) => finding('licence_overuse', s.skuId, `Licence ${s.skuPartNumber} is used beyond its seats`));
  return { organization: organization?.displayName, licences: skus.length, findings: [...lapsed, ...overused] };
}

export const tasks = { subscriptions, health, directory };
