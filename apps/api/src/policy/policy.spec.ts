import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Forbidden, type RequestContext } from '#libs/domain';
import { InvalidRule } from './check-language.js';
import type { Rule } from './default-rules.js';
import { Policy } from './policy.js';

const caller = (roles: string[], over: Partial<RequestContext> = {}): RequestContext => ({
  requestId: 'req-1',
  userId: 'u1',
  projectId: 'p1',
  roles,
  isAdmin: roles.includes('admin'),
  token: 't',
  tokenExpiresAt: new Date(0),
  ...over,
});

describe('default policy', () => {
  const policy = new Policy();
  const own = { projectId: 'p1', userId: 'u1' };
  const others = { projectId: 'p2', userId: 'u2' };
  const colleague = { projectId: 'p1', userId: 'u2' };
  const table: [string, string[], Rule, typeof own, boolean][] = [
    ['a member creates clusters', ['member'], 'cluster:create', own, true],
    ['a reader does not', ['reader'], 'cluster:create', own, false],
    ['a reader reads', ['reader'], 'cluster:get', own, true],
    ['a bare member does not read', ['member'], 'cluster:get', own, false],
    ['nobody reads another project', ['reader', 'member'], 'cluster:get', others, false],
    ['an admin reads every project', ['admin'], 'cluster:get', others, true],
    ['a certificate is for who made the cluster', ['member', 'reader'], 'certificate:create', own, true],
    ['not for a colleague', ['member', 'reader'], 'certificate:create', colleague, false],
    ['an admin without member cannot rotate credentials', ['admin'], 'credential:rotate', own, false],
    ['other roles get nothing', ['load-balancer_member'], 'stats:get_all', own, false],
    ['publishing is for admins', ['member'], 'clustertemplate:publish', own, false],
  ];
  for (const [sentence, roles, rule, target, expected] of table) {
    it(sentence, () => assert.equal(policy.allows(caller(roles), rule, target), expected));
  }

  it('refuses tokens without a project, admins too', () => {
    assert.throws(() => policy.enforce(caller(['admin'], { projectId: null }), 'cluster:get_all'), {
      message: "Policy doesn't allow cluster:get_all to be performed.",
    });
  });
});

describe('an operator’s policy', () => {
  it('overrides by name', () => {
    const policy = new Policy({ 'cluster:create': 'role:builder and project_id:%(project_id)s' });
    policy.enforce(caller(['builder']), 'cluster:create');
    assert.throws(() => policy.enforce(caller(['admin']), 'cluster:create'), Forbidden);
  });
  it('stops the process when it cannot be read, dangles or goes round', () => {
    assert.throws(() => new Policy({ 'cluster:create': 'role' }), InvalidRule);
    assert.throws(() => new Policy({ 'cluster:create': 'rule:unheard_of' }), InvalidRule);
    assert.throws(() => new Policy({ a: 'not rule:b', b: 'not rule:a' }), InvalidRule);
  });
});
