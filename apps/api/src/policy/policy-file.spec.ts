import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { RequestContext } from '#libs/domain';
import { InvalidRule } from './check-language.js';
import { Policy } from './policy.js';
import { PolicyFile, readPolicyFile, rulesOf } from './policy-file.js';

const caller = (over: Partial<RequestContext>): RequestContext => ({
  requestId: 'req-1',
  userId: 'u1',
  projectId: 'p1',
  roles: [],
  isAdmin: false,
  token: 't',
  tokenExpiresAt: new Date(0),
  ...over,
});

describe('the operator’s policy.yaml', () => {
  const dir = mkdtempSync(join(tmpdir(), 'jeroboam-policy-'));
  const path = join(dir, 'policy.yaml');
  after(() => rmSync(dir, { recursive: true }));
  const told: [string, object][] = [];
  const log = {
    info: (fields: object) => void told.push(['info', fields]),
    warn: (fields: object) => void told.push(['warn', fields]),
    error: (fields: object) => void told.push(['error', fields]),
  };

  it('counts without a restart, and a broken one changes nothing', async () => {
    writeFileSync(path, '"cluster:create": "role:builder"\n');
    const policy = new Policy();
    const file = new PolicyFile(path, policy, log, async () => undefined);
    file.load();
    const may = (role: string): boolean => policy.allows(caller({ roles: [role] }), 'cluster:create');
    assert.deepEqual([may('builder'), may('member')], [true, false]);
    await file.look();
    assert.deepEqual(told, []);
    for (const broken of [
      '"cluster:create": "role:"',
      'a: [',
      '- list',
      '"cluster:create": 7',
      '"cluster:create": "rule:nope"',
    ]) {
      writeFileSync(path, broken);
      await file.look();
      await file.look();
      assert.equal(told.length, 1, broken);
      assert.equal(told.pop()?.[0], 'error');
      assert.deepEqual([may('builder'), may('member')], [true, false]);
    }
    writeFileSync(path, '"cluster:create": "role:painter"\n"cluster:crate": "!"\n');
    await file.look();
    assert.deepEqual([may('builder'), may('painter')], [false, true]);
    assert.deepEqual(
      (told as [string, { rule?: string }][]).map(([level, fields]) => [level, fields.rule]),
      [
        ['warn', 'cluster:crate'],
        ['info', undefined],
      ],
    );
    rmSync(path);
    await file.look();
    assert.ok(may('painter'));
    assert.throws(() => readPolicyFile(path), InvalidRule);
  });

  it('does not count while it is being written', async () => {
    writeFileSync(path, '"cluster:create": "role:builder"\n');
    const policy = new Policy();
    const goesOn = async (): Promise<void> => writeFileSync(path, '"cluster:create": "role:painter"\n');
    const file = new PolicyFile(path, policy, log, goesOn);
    file.load();
    const may = (role: string): boolean => policy.allows(caller({ roles: [role] }), 'cluster:create');
    writeFileSync(path, '');
    await file.look();
    assert.deepEqual([may('builder'), may('member')], [true, false]);
    await file.look();
    assert.ok(may('painter'));
  });

  it('may be JSON, empty, in the older form of lists, and have helpers of its own', () => {
    const facts = (roles: string[]): Parameters<ReturnType<typeof rulesOf>['evaluate']>[1] => ({
      roles,
      credentials: {},
      target: {},
    });
    assert.equal(rulesOf('').unknown.length, 0);
    const rules = rulesOf(
      '{"cluster:create": [["role:a", "role:b"], ["rule:mine"]], "cluster:get": [], "mine": "role:c", "cluster:delete": [["@"]]}',
    );
    assert.deepEqual(rules.unknown, []);
    const create = (...roles: string[]): boolean => rules.evaluate('cluster:create', facts(roles));
    assert.deepEqual([create('a'), create('a', 'b'), create('c')], [false, true, true]);
    assert.ok(rules.evaluate('cluster:get', facts([])));
  });

  it('can admit tokens of the system and of domains where it says so, and nowhere else', () => {
    const policy = new Policy();
    policy.use(
      rulesOf('"quota:get_all": "role:reader and system_scope:all"\n"cluster:create": "@"\n"stats:get_all": "domain_id:d1"\n'),
    );
    const system = caller({ projectId: null, systemScope: 'all', roles: ['admin', 'reader'] });
    assert.ok(policy.allows(system, 'quota:get_all'));
    assert.ok(!policy.allows(system, 'quota:create'), 'a default is about projects');
    assert.ok(!policy.allows(system, 'cluster:create'), 'a cluster belongs to a project');
    assert.throws(() => policy.admit(system, ['quota:update']));
    policy.admit(system, ['quota:get_all']);
    assert.ok(policy.allows(caller({ projectId: null, domainId: 'd1' }), 'stats:get_all'));
    assert.ok(!policy.allows(caller({ roles: ['reader'] }), 'quota:get_all'));
  });

  it('says who is an administrator', () => {
    const policy = new Policy({ context_is_admin: 'role:cloud-admin' });
    assert.ok(policy.isAdmin(caller({ roles: ['cloud-admin'] })));
    assert.ok(!policy.isAdmin(caller({ roles: ['admin'] })));
  });
});
