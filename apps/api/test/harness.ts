import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { settings as schema, type Settings } from '#libs/config';
import type { DriverFeatures } from '#libs/domain';
import { testDatabase, type TestDatabase } from '#libs/testing';
import { migrateQueue } from '#libs/jobs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import supertest from 'supertest';
import { createApi } from '../src/create-api.js';
import { openParts, type ApiParts } from '../src/parts.js';
import { TinyCloud } from './tiny-cloud.js';

/** The API on a database and a tiny cloud of its own, asked over HTTP. */
export class ApiHarness {
  private constructor(
    readonly cloud: TinyCloud,
    readonly database: TestDatabase,
    readonly parts: ApiParts,
    readonly app: NestFastifyApplication,
  ) {}

  /** @param features what drivers can do, where it matters */
  static async start(
    overrides: Partial<Record<keyof Settings, string>> = {},
    features: Partial<DriverFeatures> = {},
  ): Promise<ApiHarness> {
    const cloud = new TinyCloud();
    const [authUrl, database] = await Promise.all([cloud.start(), testDatabase()]);
    await migrateQueue({ databaseUrl: database.url });
    const settings = schema.parse({
      DATABASE_URL: database.url,
      DATABASE_POOL_SIZE: '10',
      DATABASE_WAIT_SECONDS: '60',
      KEYSTONE_AUTH_URL: authUrl,
      KEYSTONE_USERNAME: 'jeroboam',
      KEYSTONE_PASSWORD: 'x',
      TRUSTEE_DOMAIN_ADMIN: 'x',
      TRUSTEE_DOMAIN_ADMIN_PASSWORD: 'x',
      SECRETS_KEY_RING: `test:${randomBytes(32).toString('base64')}`,
      BOOTSTRAP_PORT: '0',
      LOG_LEVEL: 'silent',
      ...overrides,
    });
    const opened = await openParts(settings);
    const drivers = Object.entries(opened.features).map(([name, able]) => [name, { ...able, ...features }] as const);
    const parts = { ...opened, features: Object.fromEntries(drivers) };
    return new ApiHarness(cloud, database, parts, await createApi(parts));
  }

  /** A request in the name of somebody; null: without a token. */
  as(person: string | null, version?: string): Requests {
    return new Requests(this.app.getHttpServer(), {
      ...(person === null ? {} : { 'x-auth-token': person }),
      ...(version === undefined ? {} : { 'openstack-api-version': `container-infra ${version}` }),
    });
  }

  /** Rows of a table. */
  async count(table: string): Promise<number> {
    const [row]: { n: string }[] = await this.database.source.query(`SELECT count(*) AS n FROM ${table}`);
    return Number(row?.n);
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.parts.close();
    await this.database.close();
    await this.cloud.close();
  }
}

export class Requests {
  constructor(
    private readonly server: Server,
    private readonly headers: Record<string, string>,
  ) {}

  get(path: string): supertest.Test {
    return supertest(this.server).get(path).set(this.headers);
  }
  post(path: string, body?: unknown): supertest.Test {
    return supertest(this.server)
      .post(path)
      .set(this.headers)
      .set('content-type', 'application/json')
      .send(body as object);
  }
  patch(path: string, body?: unknown): supertest.Test {
    return supertest(this.server)
      .patch(path)
      .set(this.headers)
      .set('content-type', 'application/json')
      .send(body as object);
  }
  delete(path: string): supertest.Test {
    return supertest(this.server).delete(path).set(this.headers).set('content-type', 'application/octet-stream');
  }
  of(method: 'get' | 'post' | 'put' | 'patch' | 'delete' | 'options' | 'head', path: string): supertest.Test {
    return supertest(this.server)[method](path).set(this.headers);
  }
}
