import 'reflect-metadata';
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { API_CONTROLLERS } from '../api.module.js';
import { describeRoutes, type Controller } from '../http/completeness.js';
import { OPERATION_RULES } from './default-rules.js';
import { listRules, toTable } from './policy-table.js';
import { Policy } from './policy.js';
import { RuleSet } from './rule-set.js';

const routes = describeRoutes(API_CONTROLLERS as readonly Controller[], new Policy());

it('lists every rule as it counts, and says of each what it guards', () => {
  const rules = listRules(new RuleSet({ 'cluster:create': '!', 'my:own': '@' }).effective(), routes);
  const create = rules.find(({ name }) => name === 'cluster:create');
  assert.deepEqual(create, { name: 'cluster:create', check: '!', source: 'file', operations: ['POST /v1/clusters'] });
  const silent = rules.filter(({ name, operations }) => (OPERATION_RULES as string[]).includes(name) && operations.length === 0);
  assert.deepEqual(silent, []);
  const lines = toTable(rules).split('\n');
  assert.match(lines[0] ?? '', /^RULE +SOURCE +CHECK +OPERATIONS$/);
  assert.ok(lines.some((line) => /^cluster:create +file +! +POST \/v1\/clusters$/.test(line)));
});
