import { z } from 'zod';
import { defineResource, type ResourceContext, type SignalInbox } from '../../resource.js';
import { local } from './local.js';

export function inboxOf({ inbox }: ResourceContext): SignalInbox {
  if (!inbox) throw new Error('this engine hears no signals');
  return inbox;
}

/**
 * OS::Heat::WaitConditionHandle: where machines say that they are done. They POST `{"status": "SUCCESS" | "FAILURE", "reason", "data",
 * "id"}` to `endpoint` with `token` as bearer, over the bootstrap listener's TLS; `curl_cli` is the command without the body,
 * as Heat has it.
 */
export const waitConditionHandle = defineResource({
  type: 'OS::Heat::WaitConditionHandle',
  properties: z.strictObject({ signal_transport: z.enum(['TOKEN_SIGNAL']).optional() }),
  updatable: [],
  attributes: ['endpoint', 'token', 'curl_cli'],
  secret: ['token', 'curl_cli'],
  ...local,
  create: (ctx) => {
    const { url, token, caFile } = inboxOf(ctx).address(ctx.resourceId);
    const headers = [`Authorization: Bearer ${token}`, 'Content-Type: application/json', 'Accept: application/json'];
    const curl = `curl -i -X POST --cacert ${caFile} ${headers.map((header) => `-H '${header}'`).join(' ')} ${url}`;
    return Promise.resolve({ id: ctx.resourceId, attributes: { endpoint: url, token, curl_cli: curl } });
  },
  poll: () => Promise.resolve('done'),
  update: () => Promise.resolve('replace'),
  read: () => Promise.reject(new Error('a handle is read from its row')),
});
