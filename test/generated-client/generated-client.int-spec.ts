import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import { certificateRequest } from '../../apps/api/test/certificate-request.js';
import { TestInstallation } from '../../apps/conductor/test/installation.js';

/** What program/life.ts takes and tells. */
interface Program {
  readonly live: (given: {
    baseUrl: string;
    token: string;
    images: readonly [string, string];
    csr: string;
    waitMs: number;
  }) => Promise<{
    readonly steps: readonly string[];
    readonly statuses: readonly string[];
    readonly versions: readonly (string | null)[];
    readonly events: number;
    readonly certificate: string;
  }>;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const work = join(root, 'dist/generated-client');

/** A client made from docs/openapi.json as docs/clients.md says, in a program that the compiler checks. */
describe('a client generated from the OpenAPI document', () => {
  let site: TestInstallation;
  before(async () => {
    site = await TestInstallation.start();
  });
  after(async () => {
    await site?.close();
    rmSync(work, { recursive: true, force: true });
  });

  it('is made, and a program that uses it compiles', async () => {
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { recursive: true });
    cpSync(join(root, 'test/generated-client/program'), work, { recursive: true });
    const document = JSON.parse(readFileSync(join(root, 'docs/openapi.json'), 'utf8')) as Parameters<typeof openapiTS>[0];
    writeFileSync(join(work, 'jeroboam.d.ts'), astToString(await openapiTS(document)));
    const compiler = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', work], {
      encoding: 'utf8',
    });
    assert.equal(compiler.stdout, '');
    assert.equal(compiler.status, 0);
  });

  it('drives the whole life of a cluster', async () => {
    const { live } = (await import(pathToFileURL(join(work, 'life.js')).href)) as Program;
    const before = await site.inventory();
    const { csr } = await certificateRequest('O=system:masters, CN=admin');
    const { url, token } = site.access();
    const images = ['ubuntu-24.04-kube-v1.35.9', 'ubuntu-24.04-kube-v1.36.4'] as const;
    const lived = await live({ baseUrl: url, token, images, csr, waitMs: 60_000 });
    assert.deepEqual(lived.steps, [
      'speaks up to 1.14',
      'made',
      'signed',
      'node group made, changed and deleted',
      'resized: 3 nodes ready',
      'changed: 1 worker',
      'upgraded: 7 operations',
      '404: Cluster nothing could not be found.',
      'gone: 0 clusters, 0 nodes',
    ]);
    assert.deepEqual(lived.statuses, ['CREATE_COMPLETE', ...Array<string>(6).fill('UPDATE_COMPLETE')]);
    assert.deepEqual([lived.versions[0], lived.versions.at(-1)], ['v1.35.9', 'v1.36.4']);
    assert.ok(lived.events > 50);
    assert.match(lived.certificate, /BEGIN CERTIFICATE/);
    assert.deepEqual(await site.inventory(), before);
  });
});
