// What is looked at for one customer: subscriptions, resource health, directory.
// Each task returns { skipped } or { findings, ... }; a finding is { kind, key, title }.
import { accessToken } from './tokens.mjs';
import { json, list } from './http.mjs';
import { settings } from './settings.mjs';

const finding = (kind, what, title) => ({ kind, key: `${kind}|${what.toLowerCase()}`, title });

/** The subscriptions that can be read, or why there are none; asked once per job. */
function azure(visit) {
  return (visit.azure ??= look(visit.customer));
}

async function look(customer) {
  const url = `${settings.arm}/subscriptions?api-version=2022-12-01`;
  const subscriptions = await list(url, await accessToken(customer, 'arm'), 'nextLink');
  if (subscriptions.length > 0) return { subscriptions };
  // An empty list is no refusal: the partner's books tell "no Azure" from "no rights".
  const books = `${settings.partnerCenter}/v1/customers/${customer}/subscriptions`;
  const sold = await json('GET', books, await accessToken(settings.partner, 'partnerCenter'));
  const azure = sold.items.some((s) => s.status !== 'deleted' && /^(azure plan|microsoft azure)/i.test(s.offerName));
  return { skipped: azure ? 'no_azure_rbac' : 'no_azure_subscription' };
}

/** All rows of a Resource Graph question. */
async function ask(customer, subscriptions, query) {
  const url = `${settings.arm}/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01`;
  const token = await accessToken(customer, 'arm');
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
  const { subscriptions, skipped } = await azure(visit);
  if (skipped) return { skipped };
  const rows = await ask(visit.customer, subscriptions, 'resources | summarize n = count() by type');
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
  const { subscriptions, skipped } = await azure(visit);
  if (skipped) return { skipped };
  const rows = await ask(visit.customer, subscriptions, healthQuestion);
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
