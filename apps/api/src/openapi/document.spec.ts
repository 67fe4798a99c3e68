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

type Media = Record<string, { schema: Json; example?: unknown; examples?: Record<string, { summary: string; value: unknown }> }>;
type Answer = { $ref?: string; description?: string; content?: Media };
interface Operation {
  readonly operationId: string;
  readonly parameters: readonly ({ $ref?: string } & Json)[];
  readonly requestBody?: { content: Media };
  readonly responses: Record<string, Answer>;
}
const components = document['components'] as Record<string, Record<string, Json>>;
const operations = Object.entries(document['paths'] as Record<string, Record<string, Operation>>).flatMap(([path, verbs]) =>
  Object.entries(verbs).map(([verb, operation]) => ({ name: `${verb.toUpperCase()} ${path}`, operation })),
);
const resolve = <T extends object>(node: T & { $ref?: string }): T =>
  node.$ref === undefined ? node : (components[node.$ref.split('/')[2] ?? '']?.[node.$ref.split('/')[3] ?? ''] as T);

it('shows what each answer and each body looks like, errors too', () => {
  const silent: string[] = [];
  for (const { name, operation } of operations) {
    const bodies: [string, Media][] = [
      [`${name} body`, operation.requestBody?.content ?? {}],
      ...Object.entries(operation.responses).map(([status, answer]): [string, Media] => {
        const { description, content = {} } = resolve(answer);
        if (!description) silent.push(`${name} ${status}`);
        return [`${name} ${status}`, content];
      }),
    ];
    for (const [where, content] of bodies) {
      for (const { example, examples } of Object.values(content)) {
        if (example === undefined && Object.keys(examples ?? {}).length === 0) silent.push(where);
      }
    }
  }
  assert.deepEqual(silent, [], 'add a case to apps/api/test/golden and run `npm run golden -- --update`');
});

it('says what each parameter is', () => {
  const silent = operations.flatMap(({ name, operation }) =>
    operation.parameters
      .map((parameter) => resolve<Json>(parameter))
      .filter((parameter) => !parameter['description'] || parameter['description'] === parameter['name'])
      .map((parameter) => `${name} ${JSON.stringify(parameter['name'])}`),
  );
  assert.deepEqual(silent, []);
});

/** What the tiny cloud behind the examples never has: Kubernetes' own objects (delete-plan.int-spec), and waits that end late. */
const NEVER_IN_EXAMPLES = /^(DeletePlan(Object|Kept|Unanswered)\.\w+|Failure\.cause)$/;

it('shows each field of each answer in an example', () => {
  const fields = new Set<string>();
  const shown = new Set<string>();
  const look = (given: Json, value: unknown, path: string): void => {
    const id = (given['$ref'] as string | undefined)?.split('/').at(-1);
    const schema = resolve(given);
    const where = id ?? path;
    for (const [name, field] of Object.entries((schema['properties'] ?? {}) as Record<string, Json>)) {
      fields.add(`${where}.${name}`);
      const inner = (value as Json | undefined)?.[name];
      if (inner !== undefined) shown.add(`${where}.${name}`);
      look(field, inner, `${where}.${name}`);
    }
    for (const either of (schema['anyOf'] ?? []) as Json[]) if (value !== null) look(either, value, where);
    if (!schema['items']) return;
    const items = Array.isArray(value) && value.length > 0 ? value : [undefined];
    for (const item of items) look(schema['items'] as Json, item, `${where}[]`);
  };
  for (const { operation } of operations) {
    for (const answer of Object.values(operation.responses)) {
      for (const { schema, example, examples } of Object.values(resolve(answer).content ?? {})) {
        const values = examples ? Object.values(examples).map(({ value }) => value) : [example];
        for (const value of values) look(schema, value, '');
      }
    }
  }
  assert.ok(fields.size > 150);
  assert.deepEqual(
    [...fields].filter((field) => !shown.has(field) && !NEVER_IN_EXAMPLES.test(field)),
    [],
  );
});

it('says in words and to programs since when and until when', () => {
  const find = (node: unknown): number => {
    if (typeof node !== 'object' || node === null) return 0;
    const { 'x-openstack-min-version': min, description } = node as Json;
    if (typeof min === 'string') assert.ok(String(description).includes(`Since microversion ${min}`));
    return (min === undefined ? 0 : 1) + Object.values(node).reduce<number>((sum, one) => sum + find(one), 0);
  };
  assert.ok(find(document) > routes.length - 10);
  for (const { spec, path } of routes.filter((route) => route.spec.since)) {
    const operation = operations.find(({ name }) => name.endsWith(path.replace(/:(\w+)/g, '{$1}')));
    assert.ok((operation?.operation as Json | undefined)?.['x-openstack-min-version'], spec.summary);
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
