// The queues, written as the Functions host reads them: base64.
import { QueueServiceClient } from '@azure/storage-queue';
import { queues, settings } from './settings.mjs';

const service = QueueServiceClient.fromConnectionString(settings.storage);

function queue(name) {
  const client = service.getQueueClient(name);
  let created;
  return {
    async send(message) {
      await (created ??= client.createIfNotExists());
      await client.sendMessage(Buffer.from(JSON.stringify(message)).toString('base64'), { messageTimeToLive: -1 });
    },
  };
}

export const jobs = queue(queues.jobs);
export const results = queue(queues.results);
