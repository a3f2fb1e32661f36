// The peer: a custom handler that does samkeeper's sweep, written plainly in Node.
// It keeps no ledger; each job ends with one message of outcomes and findings.
import { createServer } from 'node:http';
import { enqueueCustomers } from './fleet.mjs';
import { runJob } from './job.mjs';
import { settings } from './settings.mjs';

const functions = {
  '/EnqueueCustomers': enqueueCustomers,
  '/RunCustomerJob': ({ Data }) => runJob(JSON.parse(Buffer.from(Data.message, 'base64'))),
};

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks));
}

const server = createServer(async (request, response) => {
  let status = 200;
  const serve = functions[request.url];
  try {
    if (serve) await serve(await body(request));
    else if (request.url !== '/') status = 404;
  } catch (error) {
    status = 500;
    console.log(JSON.stringify({ level: 'error', function: request.url, error: String(error?.stack ?? error) }));
  }
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end('{}');
});
server.keepAliveTimeout = 5 * 60_000;
server.listen(settings.port, '127.0.0.1');
