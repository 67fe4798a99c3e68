import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide, decideRemoval } from './decide.js';
import { heatName, sightOf, tagsOf, type Sight } from './sight.js';

const sight = (word: string, token = 'now', ours = true): Sight => {
  const [, action = '', status = ''] = /^([A-Z]+)_(.+)$/.exec(word) ?? [];
  return { id: 'h1', action, status, reason: 'why', token, ours };
};

const cases: [what: string, seen: Sight | null, known: boolean, expected: string][] = [
  ['nothing yet', null, false, 'create'],
  ['it was there and is not any more', null, true, 'lost'],
  ['somebody has deleted it', sight('DELETE_COMPLETE'), true, 'lost'],
  ['somebody deletes it just now', sight('DELETE_IN_PROGRESS'), true, 'wait'],
  ['somebody could not delete it', sight('DELETE_FAILED'), true, 'refused'],
  ['the name is taken', sight('CREATE_COMPLETE', 'now', false), false, 'refused'],
  ['it is being made', sight('CREATE_IN_PROGRESS'), true, 'wait'],
  ['it is made', sight('CREATE_COMPLETE'), true, 'done'],
  ['it could not be made', sight('CREATE_FAILED'), true, 'failed'],
  ['something older is being made', sight('CREATE_IN_PROGRESS', 'before'), true, 'update'],
  ['something older was made', sight('UPDATE_COMPLETE', 'before'), true, 'update'],
  ['something older has failed', sight('UPDATE_FAILED', 'before'), true, 'update'],
  ['a zombie asks for something older', sight('UPDATE_IN_PROGRESS', 'before'), true, 'update'],
  ['Heat goes back', sight('ROLLBACK_IN_PROGRESS'), true, 'wait'],
  ['Heat has gone back', sight('ROLLBACK_COMPLETE'), true, 'update'],
  ['somebody looks at it', sight('CHECK_IN_PROGRESS', 'before'), true, 'wait'],
  ['somebody has looked at it', sight('CHECK_COMPLETE'), true, 'done'],
  ['somebody has found it broken', sight('CHECK_FAILED'), true, 'failed'],
  ['it is suspended', sight('SUSPEND_COMPLETE'), true, 'refused'],
  ['a snapshot is taken', sight('SNAPSHOT_IN_PROGRESS'), true, 'wait'],
  ['a snapshot was taken', sight('SNAPSHOT_COMPLETE'), true, 'done'],
];
for (const [what, seen, known, expected] of cases) {
  test(`wanted, and ${what}: ${expected}`, () => assert.equal(decide(seen, 'now', known).kind, expected));
}

const removals: [what: string, seen: Sight | null, asked: boolean, expected: string][] = [
  ['there is none', null, false, 'gone'],
  ['that of its name is not ours', sight('CREATE_COMPLETE', 'now', false), false, 'gone'],
  ['it is being made', sight('CREATE_IN_PROGRESS'), false, 'delete'],
  ['it is being changed', sight('UPDATE_IN_PROGRESS'), false, 'delete'],
  ['it is being deleted', sight('DELETE_IN_PROGRESS'), false, 'wait'],
  ['it is deleted', sight('DELETE_COMPLETE'), true, 'gone'],
  ['an earlier removal has failed', sight('DELETE_FAILED'), false, 'delete'],
  ['this removal has failed', sight('DELETE_FAILED'), true, 'failed'],
];
for (const [what, seen, asked, expected] of removals) {
  test(`not wanted, and ${what}: ${expected}`, () => assert.equal(decideRemoval(seen, asked).kind, expected));
}

test('a stack is ours by its tag, and says what it was asked for', () => {
  const tags = tagsOf({ uuid: 's1', clusterUuid: 'c1' }, 't1').split(',');
  const stack = { id: 'h1', stack_name: 'x', stack_status: 'UPDATE_IN_PROGRESS', tags: [...tags, 'somebody’s own'] };
  assert.deepEqual(sightOf(stack, 's1'), {
    id: 'h1',
    action: 'UPDATE',
    status: 'IN_PROGRESS',
    reason: '',
    token: 't1',
    ours: true,
  });
  assert.equal(sightOf(stack, 's2').ours, false);
  assert.equal(sightOf({ ...stack, tags: null }, 's1').token, null);
  assert.ok(
    tags.every((tag) => tag.length <= 80),
    'as Heat wants them',
  );
});

test('a name begins with a letter', () => {
  assert.deepEqual(
    [heatName('k1-0-infrastructure'), heatName('1k-0-infrastructure')],
    ['k1-0-infrastructure', 'c-1k-0-infrastructure'],
  );
});
