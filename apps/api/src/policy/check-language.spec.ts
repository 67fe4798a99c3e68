import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidRule, parseCheck, type Facts } from './check-language.js';

const facts: Facts = {
  credentials: { user_id: 'u1', project_id: 'p1', is_admin: 'False' },
  roles: ['member', 'Reader'],
  target: { user_id: 'u1', project_id: 'p2', role_name: 'reader', nothing: null },
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
