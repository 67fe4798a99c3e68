import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidRule, parseCheck, type Facts } from './check-language.js';

const facts: Facts = {
  credentials: {
    user_id: 'u1',
    project_id: 'p1',
    is_admin: false,
    system_scope: 'all',
    token: { project: { domain: { id: 'd1' } }, roles: [{ name: 'member' }, { name: 'reader' }] },
  },
  roles: ['member', 'Reader'],
  target: { user_id: 'u1', project_id: 'p2', role_name: 'reader', nothing: null, public: 'True', domain: 'd1' },
  rule: (name) => name === 'yes',
};

describe('the check language', () => {
  const table: [string, boolean][] = [
    ['', true],
    ['@', true],
    ['!', false],
    ['role:member', true],
    ['role:MEMBER', true],
    ['role:reader', true],
    ['role:admin', false],
    ['role:%(role_name)s', true],
    ['rule:yes', true],
    ['rule:no', false],
    ['user_id:%(user_id)s', true],
    ['project_id:%(project_id)s', false],
    ['project_id:p1', true],
    ['project_id:%(nothing)s', false],
    ['project_id:%(unheard_of)s', false],
    ['unheard_of:%(nothing)s', false],
    ["'u1':%(user_id)s", true],
    ["'x':%(user_id)s", false],
    ['True:%(public)s', true],
    ['False:%(public)s', false],
    ['7:7', true],
    ['is_admin:False', true],
    ['is_admin:True', false],
    ['system_scope:all', true],
    ['not system_scope:all', false],
    ['token.project.domain.id:%(domain)s', true],
    ['token.project.domain.id:d2', false],
    ['token.roles.name:reader', true],
    ['token.roles.name:admin', false],
    ['token.project.domain:d1', false],
    ['constructor.name:Object', false],
    ['user_id:u%(nothing)s', false],
    ["'p2-u1':%(project_id)s-%(user_id)s", true],
    ['role:admin OR (role:member AND NOT role:admin)', true],
    ['((role:member))', true],
    ['not not role:member', true],
    ['role:member and project_id:p1', true],
    ['role:admin or role:member and !', false],
    ['(role:admin or role:member) and @', true],
    ['not role:admin', true],
    ['not role:admin and not role:member', false],
    ['NOT (role:admin OR role:other)', true],
    ['role:member and user_id:%(user_id)s or !', true],
    ['(role:member and user_id:%(user_id)s) or !', true],
  ];
  for (const [text, expected] of table) {
    it(`finds '${text}' ${expected}`, () => assert.equal(parseCheck(text)(facts), expected));
  }

  for (const text of ['role', 'and', 'role:a role:b', '(role:a', 'role:a)', 'role:a and', 'not', 'http://x/', '( )']) {
    it(`refuses '${text}'`, () => assert.throws(() => parseCheck(text), InvalidRule));
  }
});
