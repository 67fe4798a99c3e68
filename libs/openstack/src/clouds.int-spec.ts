import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { InvalidClouds, loadClouds } from './clouds.js';

const dir = mkdtempSync(join(tmpdir(), 'clouds-'));
after(() => rmSync(dir, { recursive: true }));
const file = join(dir, 'clouds.yaml');
const env = (cloud: string): Record<string, string> => ({ OS_CLIENT_CONFIG_FILE: file, OS_CLOUD: cloud });

writeFileSync(
  file,
  `clouds:
  demo:
    auth: {auth_url: 'http://k/v3', username: demo, project_name: demo, user_domain_name: Default, project_domain_name: Default}
    region_name: one
    interface: internal
  robot:
    auth: {auth_url: 'http://k', application_credential_id: a1, application_credential_secret: s}
    auth_type: v3applicationcredential
  broken:
    auth: {auth_url: 'http://k', username: x}
`,
);
writeFileSync(join(dir, 'secure.yaml'), 'clouds:\n  demo:\n    auth: {password: 12345}\n');

test('a cloud of the file, with its secret beside it', () => {
  assert.deepEqual(loadClouds(env('demo')), {
    authUrl: 'http://k/v3',
    region: 'one',
    interface: 'internal',
    caPem: undefined,
    credentials: {
      kind: 'password',
      username: 'demo',
      password: '12345',
      userDomainName: 'Default',
      projectId: undefined,
      projectName: 'demo',
      projectDomainName: 'Default',
      domainName: undefined,
    },
  });
});

test('an application credential', () => {
  assert.deepEqual(loadClouds(env('robot')).credentials, { kind: 'application-credential', id: 'a1', secret: 's' });
});

test('variables', () => {
  const given = { OS_AUTH_URL: 'http://k', OS_USERNAME: 'u', OS_PASSWORD: 'p', OS_PROJECT_ID: 'p1', OS_REGION_NAME: 'two' };
  const { credentials, region } = loadClouds(given);
  assert.equal(region, 'two');
  assert.ok(credentials.kind === 'password' && credentials.projectId === 'p1' && credentials.userDomainName === 'Default');
});

const wrong: [sentence: string, environment: Record<string, string>, message: RegExp][] = [
  ['an unknown cloud', env('nobody'), /has no cloud nobody/],
  ['a missing password', env('broken'), /password is missing/],
  ['no variables', {}, /auth\.auth_url/],
  ['no file', { OS_CLOUD: 'x', OS_CLIENT_CONFIG_FILE: join(dir, 'none.yaml') }, /no clouds\.yaml/],
];
for (const [sentence, environment, message] of wrong) {
  test(`${sentence} is told`, () => {
    assert.throws(
      () => loadClouds(environment),
      (error) => error instanceof InvalidClouds && message.test(error.message),
    );
  });
}
