import { z } from 'zod';
import { ResourceInError } from '../../errors.js';
import { defineResource } from '../../resource.js';
import { integer, reference } from '../fields.js';
import { local } from './local.js';
import { inboxOf } from './wait-condition-handle.js';

/** Heat's own bound: half a day. Source: heat/engine/resources/openstack/heat/wait_condition.py. */
const MOST_SECONDS = 43_200;

/** Since when it waits is in its id: `<row>@<milliseconds since 1970>`. */
const idOf = (resource: string, now: number): string => `${resource}@${now}`;
const beganOf = (id: string): number => Number(id.split('@')[1]);

/**
 * OS::Heat::WaitCondition: complete when its handle has heard so many successes; fails with the first failure's own words, or when
 * the time is over. `data` is what they said, by their ids, as JSON.
 */
export const waitCondition = defineResource({
  type: 'OS::Heat::WaitCondition',
  properties: z.strictObject({
    handle: reference(),
    timeout: integer(1, MOST_SECONDS),
    count: integer(1, 1_000).default(1),
  }),
  updatable: [],
  attributes: ['data'],
  ...local,
  create: (ctx) => Promise.resolve(idOf(ctx.resourceId, inboxOf(ctx).now())),
  poll: async (ctx, id, { handle, timeout, count }) => {
    const inbox = inboxOf(ctx);
    const signals = await inbox.received(handle);
    const failed = signals.filter(({ status }) => status === 'FAILURE');
    if (failed.length > 0) {
      throw new ResourceInError(failed.map((one) => `signal ${one.id}: ${one.reason ?? 'failed, without a reason'}`).join('; '));
    }
    if (signals.length >= count) {
      return { attributes: { data: JSON.stringify(Object.fromEntries(signals.map((one) => [one.id, one.data]))) } };
    }
    if (inbox.now() - beganOf(id) > timeout * 1_000) {
      throw new ResourceInError(`${signals.length} of ${count} signals received in ${timeout} s`);
    }
    return 'pending';
  },
  update: () => Promise.resolve('replace'),
  read: () => Promise.reject(new Error('a wait condition is read from its row')),
});
