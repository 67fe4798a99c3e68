import 'reflect-metadata';
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Controller, Get } from '@nestjs/common';
import { API_CONTROLLERS } from '../api.module.js';
import type { Rule } from '../policy/default-rules.js';
import { Policy } from '../policy/policy.js';
import { describeRoutes, type Controller as ControllerClass } from './completeness.js';
import { Endpoint } from './endpoint.js';

const policy = new Policy();
const MISSPELT = JSON.parse('"cluster:gte"') as Rule;

@Controller('x')
class Forgotten {
  @Get()
  get(): string {
    return '';
  }
}
@Controller('x')
class Misspelt {
  @Get()
  @Endpoint({ rules: [MISSPELT], tag: 'x', summary: 'x', success: 200 })
  get(): string {
    return '';
  }
}

it('refuses a route without policy, or with a rule that is not there', () => {
  assert.throws(() => describeRoutes([Forgotten], policy), /Forgotten\.get has no policy/);
  assert.throws(() => describeRoutes([Misspelt], policy), /Misspelt\.get names no rule/);
});

it('finds every route of the API described, and every error it can answer with', () => {
  const routes = describeRoutes(API_CONTROLLERS as readonly ControllerClass[], policy);
  assert.ok(routes.length > 30);
  for (const { spec, path } of routes) {
    assert.ok(spec.summary.length > 3, path);
    if (path.includes(':') && !path.startsWith('/v1/quotas')) assert.ok(spec.errors?.[404], `${path} can be 404`);
  }
});
