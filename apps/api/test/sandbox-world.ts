import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { settings as schema } from '#libs/config';
import { migrateQueue } from '#libs/jobs';
import { startSandbox, type FaultRule, type Sandbox } from '#libs/sandbox';
import { testDatabase, type TestDatabase } from '#libs/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApi } from '../src/create-api.js';
import { openParts, type ApiParts } from '../src/parts.js';
import { Requests } from './harness.js';

type Json = Record<string, unknown>;

/** The API alone, against the sandbox cloud over HTTP, with tokens that its Keystone gave. */
export class SandboxWorld {
  private constructor(
    readonly sandbox: Sandbox,
    readonly database: TestDatabase,
    readonly parts: ApiParts,
    readonly app: NestFastifyApplication,
  ) {}

  static async start(): Promise<SandboxWorld> {
    const [sandbox, database] = await Promise.all([startSandbox({ latencies: 'zero', guests: false }), testDatabase()]);
    await migrateQueue({ databaseUrl: database.url });
    const settings = schema.parse({
      DATABASE_URL: database.url,
      DATABASE_POOL_SIZE: '10',
      DATABASE_WAIT_SECONDS: '60',
      KEYSTONE_AUTH_URL: sandbox.authUrl,
      KEYSTONE_USERNAME: 'jeroboam',
      KEYSTONE_PASSWORD: sandbox.passwords.jeroboam,
      TRUSTEE_DOMAIN_ADMIN: 'jeroboam_domain_admin',
      TRUSTEE_DOMAIN_ADMIN_PASSWORD: sandbox.passwords.jeroboam_domain_admin,
      SECRETS_KEY_RING: `test:${randomBytes(32).toString('base64')}`,
      BOOTSTRAP_PORT: '0',
      LOG_LEVEL: 'silent',
    });
    const opened = await openParts(settings);
    const able = { upgrade: true, rotateCa: true, resizeMasters: true };
    const features = Object.fromEntries(Object.entries(opened.features).map(([name, one]) => [name, { ...one, ...able }]));
    const parts = { ...opened, features };
    return new SandboxWorld(sandbox, database, parts, await createApi(parts));
  }

  /** @param token null: none */
  with(token: string | null, version = 'latest'): Requests {
    return new Requests(this.app.getHttpServer(), {
      ...(token === null ? {} : { 'x-auth-token': token }),
      'openstack-api-version': `container-infra ${version}`,
    });
  }

  /** @param scope a project's name, or `system` */
  async token(user: string, password: string, scope: string): Promise<string> {
    const answer = await fetch(`${this.sandbox.authUrl}/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        auth: {
          identity: { methods: ['password'], password: { user: { name: user, domain: { name: 'Default' }, password } } },
          scope: scope === 'system' ? { system: { all: true } } : { project: { name: scope, domain: { name: 'Default' } } },
        },
      }),
    });
    assert.equal(answer.status, 201, await answer.text());
    return answer.headers.get('x-subject-token') ?? '';
  }

  /** A further user with these roles in a project. */
  async addUser(name: string, project: string, roles: readonly string[], admin: string): Promise<void> {
    const keystone = async (method: string, path: string, body?: Json): Promise<Json> => {
      const answer = await fetch(`${this.sandbox.authUrl}${path}`, {
        method,
        headers: { 'content-type': 'application/json', 'x-auth-token': admin },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
      return answer.status === 204 ? {} : ((await answer.json()) as Json);
    };
    const idOf = async (kind: string, named: string): Promise<string> => {
      const rows = (await keystone('GET', `/${kind}?name=${named}`))[kind] as { id: string; name: string }[];
      return rows.find((row) => row.name === named)?.id ?? '';
    };
    const made = (await keystone('POST', '/users', { user: { name, password: name, domain_id: 'default' } }))['user'] as Json;
    const projectId = await idOf('projects', project);
    for (const role of roles) {
      await keystone('PUT', `/projects/${projectId}/users/${String(made['id'])}/roles/${await idOf('roles', role)}`);
    }
  }

  async fault(rule: FaultRule): Promise<void> {
    const answer = await fetch(`${this.sandbox.adminUrl}/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(rule),
    });
    assert.equal(answer.status, 201);
  }

  async clearFaults(): Promise<void> {
    await fetch(`${this.sandbox.adminUrl}/faults`, { method: 'DELETE' });
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.parts.close();
    await this.database.close();
    await this.sandbox.close();
  }
}
