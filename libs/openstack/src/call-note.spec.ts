import assert from 'node:assert/strict';
import { it } from 'node:test';
import { noteCall, takeRequestId, withCallNote } from './call-note.js';

it('keeps the id of the last request that changed something or failed, each piece of work its own', async () => {
  const work = (name: string): Promise<(string | undefined)[]> =>
    withCallNote(async () => {
      noteCall('POST', 202, `req-${name}`);
      await Promise.resolve();
      noteCall('GET', 200, 'req-poll');
      const made = takeRequestId();
      const none = takeRequestId();
      noteCall('GET', 500, `req-${name}-failed`);
      return [made, none, takeRequestId()];
    });
  assert.deepEqual(await Promise.all([work('a'), work('b')]), [
    ['req-a', undefined, 'req-a-failed'],
    ['req-b', undefined, 'req-b-failed'],
  ]);
  noteCall('POST', 200, 'req-nobody');
  assert.equal(takeRequestId(), undefined);
});
