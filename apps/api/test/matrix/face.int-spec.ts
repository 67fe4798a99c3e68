import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { RequestMethod } from '@nestjs/common';
import { FACE_CONTROLLERS } from '../../src/api.module.js';
import { describeRoutes, type Controller } from '../../src/http/completeness.js';
import { Policy } from '../../src/policy/policy.js';
import { FaceWorld } from '../face-world.js';
import { ApiHarness } from '../harness.js';

const ROUTES = describeRoutes(FACE_CONTROLLERS as readonly Controller[], new Policy());
/** Who asks in whose path: the stack is demo's. */
const CALLERS: readonly (readonly [person: string | null, project: string])[] = [
  ['demo', 'p-demo'],
  ['reader', 'p-demo'],
  ['admin', 'p-demo'],
  ['admin', 'p-admin'],
  ['other', 'p-demo'],
  ['other', 'p-other'],
  ['nobody', 'p-demo'],
  ['unscoped', 'p-demo'],
  [null, 'p-demo'],
];

describe('every route of the face × who asks in whose project', () => {
  let api: ApiHarness;
  let face: FaceWorld;
  let event = '';
  before(async () => {
    api = await ApiHarness.start();
    face = await FaceWorld.make(api);
    const rows = await face.world.rows(`SELECT max(id) AS id FROM events WHERE data->>'resource' = 'worker-0'`);
    event = String(rows[0]?.['id']);
  });
  after(() => api.close());

  for (const { method, path, spec } of ROUTES) {
    const verb = (RequestMethod[method] ?? 'GET').toLowerCase() as 'get' | 'patch';
    it(`${verb.toUpperCase()} ${path}`, async () => {
      const wrong: string[] = [];
      for (const [person, project] of CALLERS) {
        const request = api.as(person).of(verb, fill(path, project)).redirects(0);
        const answer = await (verb === 'get'
          ? request
          : request.send(path.endsWith(':resource') ? { mark_unhealthy: true } : {}));
        const wanted = expected(path, spec.rules === 'public', verb, person, project, spec.success);
        if (answer.status !== wanted) wrong.push(`${person} in ${project}: ${answer.status}, expected ${wanted}: ${answer.text}`);
        const isError = answer.status >= 400 && answer.status !== 401;
        if (isError) assert.deepEqual(Object.keys(answer.body), ['code', 'title', 'explanation', 'error']);
        if (person === 'other') for (const id of Object.values(face.ids)) assert.ok(!answer.text.replaceAll(fill(path, project), '').includes(`"${id}`), 'it leaks'); // prettier-ignore
      }
      assert.deepEqual(wrong, []);
    });
  }

  function fill(path: string, project: string): string {
    const id = face.ids['worker-0'] ?? '';
    const name = `${face.name}-worker-kube_minions-0`;
    const parts: Record<string, string> = { project, name, id, resource: 'kube-minion', key: 'OS::stack_id', event };
    return path.replace(/:(\w+)/g, (_, part: string) => parts[part] ?? assert.fail(`nobody fills :${part}`));
  }
});

function expected(path: string, open: boolean, verb: string, person: string | null, project: string, success: number): number {
  if (open) return success;
  if (person === null) return 401;
  if (person === 'nobody' || person === 'unscoped' || (person === 'other' && project === 'p-demo')) return 403;
  if (verb === 'patch' && person === 'reader') return 403;
  const ofAll = /\/(stacks|detail|build_info)$/.test(path);
  if (project === 'p-other' && !ofAll) return 404;
  return path.endsWith('/export') ? 405 : success;
}
