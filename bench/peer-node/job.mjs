// One queue message: the tasks of one customer, and one message with what came of them.
import { AuthError } from './tokens.mjs';
import { Refused } from './http.mjs';
import { results } from './queues.mjs';
import { tasks } from './tasks.mjs';

// What a refused token says about the customer; anything else is tried again.
const reasons = {
  65001: 'consent_missing', 700016: 'consent_missing', 7000229: 'consent_missing', 90099: 'consent_missing',
  50020: 'no_gdap', 90002: 'tenant_gone', 53003: 'blocked_by_policy', 50076: 'blocked_by_policy',
};

function reasonOf(error) {
  const code = error instanceof AuthError && /AADSTS(\d+)/.exec(error.errorMessage)?.[1];
  if (code) return reasons[code];
  return error instanceof Refused && error.status === 403 ? 'gdap_role_insufficient' : undefined;
}

/** Does one job. It throws on what may pass: the host delivers the message again. */
export async function runJob({ run, customer }) {
  const visit = { customer };
  const outcomes = [];
  for (const [task, look] of Object.entries(tasks)) outcomes.push({ task, ...(await outcome(look, visit)) });
  await results.send({ run, customer, outcomes });
}

async function outcome(look, visit) {
  try {
    const { skipped, ...found } = await look(visit);
    return skipped ? { state: 'skipped', reason: skipped } : { state: 'done', ...found };
  } catch (error) {
    const reason = reasonOf(error);
    if (!reason) throw error;
    return { state: 'skipped', reason };
  }
}
