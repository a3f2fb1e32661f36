// Requests to the services: JSON over kept-alive connections.
import { Agent, request, setGlobalDispatcher } from 'undici';

// One pool for everything: fetch, which MSAL uses, takes the global dispatcher.
setGlobalDispatcher(new Agent({ connections: 32, keepAliveTimeout: 60_000, headersTimeout: 60_000 }));

/** A refusal, with what the service said. */
export class Refused extends Error {
  constructor(method, url, status, text) {
    super(`${method} ${new URL(url).pathname}: HTTP ${status}: ${text.slice(0, 300)}`);
    this.status = status;
  }
}

/** Sends one request and returns the decoded JSON; throws Refused unless it is 200. */
export async function json(method, url, token, { headers = {}, body } = {}) {
  const answer = await request(url, {
    method,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${token}`,
      ...(body && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body && JSON.stringify(body),
  });
  if (answer.statusCode !== 200) throw new Refused(method, url, answer.statusCode, await answer.body.text());
  return answer.body.json();
}

/** All pages of an OData list. */
export async function list(url, token, next) {
  const all = [];
  for (let at = url; at; ) {
    const page = await json('GET', at, token);
    all.push(...page.value);
    at = page[next];
  }
  return all;
}
