import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { InvalidClouds, loadClouds } from './clouds.js';

describe('the OpenStack client’s configuration', () => {
  const dir = mkdtempSync(join(tmpdir(), 'jeroboam-clouds-'));
  after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'clouds.yaml');
  const env = { OS_CLIENT_CONFIG_FILE: file, OS_CLOUD: 'one' };

  it('is read from clouds.yaml, with secure.yaml on top', () => {
    writeFileSync(
      file,
      `clouds:
  one:
    region_name: north
    interface: internalURL
    auth: { auth_url: "https://k/v3", username: demo, project_name: p, user_domain_name: D }
  key:
    auth: { auth_url: "https://k", application_credential_id: a }
`,
    );
    writeFileSync(
      join(dir, 'secure.yaml'),
      'clouds: { one: { auth: { password: 42 } }, key: { auth: { application_credential_secret: s } } }',
    );
    assert.deepEqual(loadClouds(env), {
      authUrl: 'https://k/v3',
      region: 'north',
      interface: 'internal',
      caPem: undefined,
      credentials: {
        kind: 'password',
        username: 'demo',
        password: '42',
        userDomainName: 'D',
        projectId: undefined,
        projectName: 'p',
        projectDomainName: 'Default',
        domainName: undefined,
      },
    });
    assert.deepEqual(loadClouds(env, 'key').credentials, { kind: 'application-credential', id: 'a', secret: 's' });
  });

  it('is read from OS_ variables where no cloud is named', () => {
    const { credentials, interface: chosen } = loadClouds({
      OS_AUTH_URL: 'https://k',
      OS_TRUST_ID: 't',
      OS_USER_ID: 'u',
      OS_PASSWORD: 'p',
    });
    assert.equal(chosen, 'public');
    assert.deepEqual(credentials, { kind: 'trust', trustId: 't', userId: 'u', password: 'p' });
    assert.deepEqual(loadClouds({ OS_AUTH_URL: 'https://k', OS_TOKEN: 't' }).credentials, { kind: 'token', token: 't' });
  });

  it('says what is missing, never a value', () => {
    assert.throws(() => loadClouds({ OS_AUTH_URL: 'https://k', OS_USERNAME: 'demo' }), /OS_\*: password is missing/);
    assert.throws(() => loadClouds(env, 'two'), /has no cloud two/);
    writeFileSync(file, 'clouds: { one: "hunter2');
    assert.throws(
      () => loadClouds(env),
      (error) => error instanceof InvalidClouds && !error.message.includes('hunter2'),
    );
  });
});
