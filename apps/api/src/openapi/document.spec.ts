import 'reflect-metadata';
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { API_CONTROLLERS } from '../api.module.js';
import { describeRoutes, type Controller } from '../http/completeness.js';
import { Policy } from '../policy/policy.js';
import { bodyOf, buildDocument, TAGS } from './document.js';

type Json = Record<string, unknown>;
const routes = describeRoutes(API_CONTROLLERS as readonly Controller[], new Policy());
const document = buildDocument(routes);
const { schemas } = document['components'] as { schemas: Record<string, Json> };

it('names every field and says what it is', () => {
  const silent: string[] = [];
  const look = (schema: Json, path: string): void => {
    for (const [name, field] of Object.entries((schema['properties'] ?? {}) as Record<string, Json>)) {
      const items = (field['items'] ?? {}) as Json;
      if (field['description'] === undefined && field['$ref'] === undefined) silent.push(`${path}.${name}`);
      look(field, `${path}.${name}`);
      look(items, `${path}.${name}[]`);
    }
  };
  for (const [name, schema] of Object.entries(schemas)) look(schema, name);
  assert.deepEqual(silent, []);
});

it('shows a body that works for every call that takes one', () => {
  for (const route of routes) {
    const body = bodyOf(route);
    if (body) assert.doesNotThrow(() => body.parse(route.spec.example), route.path);
  }
});

it('says what each group of calls is', () => {
  for (const { spec } of routes) assert.ok(TAGS.has(spec.tag), spec.tag);
});

it('refers to nothing that is not there', () => {
  const names = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    (match) => match[1] ?? '',
  );
  assert.deepEqual(
    names.filter((name) => !schemas[name]),
    [],
  );
});

it('gives every operation an id of its own', () => {
  const paths = document['paths'] as Record<string, Record<string, { operationId: string }>>;
  const ids = Object.values(paths).flatMap((verbs) => Object.values(verbs).map((operation) => operation.operationId));
  assert.equal(new Set(ids).size, ids.length);
});
