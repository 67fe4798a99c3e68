import assert from 'node:assert/strict';
import type { Test } from 'supertest';
import type { DescribedRoute } from '../../src/http/completeness.js';
import { routeName } from '../../src/openapi/document.js';
import type { ApiHarness } from '../harness.js';
import { Placeholders } from './placeholders.js';

/** A question and the whole answer, with placeholders where values vary from run to run. */
export interface GoldenCase {
  readonly name: string;
  /** `POST /v1/clusters`; null: no documented route answers. */
  readonly route: string | null;
  readonly request: Readonly<Record<string, unknown>>;
  /** `usual at 1.14` in the headers stands for those of `usualHeaders`. */
  readonly response: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body?: unknown };
}

export interface Asked {
  /** Whose token; null: none. Default `demo`, a member of project `p-demo`. */
  readonly as?: string | null;
  /** Microversion; null: no header. Default 1.14. */
  readonly version?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The answer comes before any route is looked for. */
  readonly unrouted?: boolean;
}

type Verb = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'options' | 'head';

/** Of the connection, not of the answer. */
const TRANSPORT = new Set(['date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']);

/** Asks the API and keeps what it answers. */
export class Recorder {
  readonly cases: GoldenCase[] = [];
  private readonly placeholders = new Placeholders();
  private readonly patterns: readonly { readonly route: string; readonly pattern: RegExp; readonly statics: number }[];

  constructor(
    readonly api: ApiHarness,
    routes: readonly DescribedRoute[],
  ) {
    this.placeholders.name(api.parts.settings.KEYSTONE_AUTH_URL, 'keystone');
    this.patterns = routes
      .map((route) => ({
        route: routeName(route),
        pattern: new RegExp(`^${routeName(route).replace(/\{\w+\}/g, '[^/]+')}$`),
        statics: route.path.split('/').filter((part) => !part.startsWith(':')).length,
      }))
      .sort((a, b) => b.statics - a.statics);
  }

  /** This value is called `{name}` from now on. */
  name(value: string, name: string): string {
    this.placeholders.name(value, name);
    return value;
  }

  /**
   * @param status what the answer must have, so that no accident becomes golden
   * @param name what the case shows; unique in its file
   * @param line `GET /v1/clusters`
   * @returns the answer's body as it came
   */
  async ask<T = Record<string, string>>(status: number, name: string, line: string, asked: Asked = {}): Promise<T> {
    const [method = '', path = ''] = line.split(' ');
    const { as = 'demo', version = '1.14', body } = asked;
    const headers = { accept: 'application/json', ...asked.headers };
    const sender: Test = this.api.as(as, version ?? undefined).of(method.toLowerCase() as Verb, path);
    for (const [key, value] of Object.entries(headers)) sender.set(key, value);
    if (body !== undefined && !asked.headers?.['content-type']) sender.set('content-type', 'application/json');
    const answer = await (body === undefined ? sender : sender.send(body as object));
    assert.equal(answer.status, status, `${name}: ${line}: ${answer.text}`);
    assert.ok(!this.cases.some((one) => one.name === name), `two cases are called ${name}`);
    const shown = this.placeholders.of.bind(this.placeholders);
    this.placeholders.forgetNumbers();
    this.cases.push({
      name,
      route: asked.unrouted ? null : this.routeOf(method, path),
      request: {
        as,
        version,
        line: shown(line),
        ...(asked.headers ? { headers: shown(asked.headers) } : {}),
        ...(body === undefined
          ? {}
          : { body: typeof body === 'string' && body.length > 5000 ? '{more than 1 MiB}' : shown(body) }),
      },
      response: {
        status,
        headers: compactHeaders(shown(ownHeaders(answer.headers)) as Record<string, string>),
        ...(answer.text ? { body: shown(answer.type === 'application/json' ? answer.body : answer.text) } : {}),
      },
    });
    return answer.body as T;
  }

  private routeOf(method: string, path: string): string | null {
    const plain = `${method} ${(path.split('?', 1)[0] ?? '').replace(/(.)\/$/, '$1')}`;
    return this.patterns.find(({ pattern }) => pattern.test(plain))?.route ?? null;
  }
}

function ownHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !TRANSPORT.has(name))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** What nearly every answer carries. */
const usualHeaders = (version: string): Readonly<Record<string, string>> => ({
  'openstack-api-maximum-version': 'container-infrastructure-management 1.14',
  'openstack-api-minimum-version': 'container-infrastructure-management 1.1',
  'openstack-api-version': `container-infrastructure-management ${version}`,
  vary: 'OpenStack-API-Version',
  'x-openstack-request-id': '{request id}',
});

/** All of the usual headers become one line; when one of them differs or lacks, every header is shown. */
function compactHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const version = headers['openstack-api-version']?.split(' ')[1] ?? '';
  const usual = usualHeaders(version);
  if (Object.entries(usual).some(([name, value]) => headers[name] !== value)) return { ...headers };
  const others = Object.entries(headers).filter(([name]) => !(name in usual));
  return { [`usual at ${version}`]: '', ...Object.fromEntries(others) };
}
