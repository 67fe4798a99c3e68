import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { InvalidConfiguration, loadConfig } from './config.js';
import { settingsTable } from './table.js';

const complete = (): Record<string, string> => ({
  DATABASE_URL: 'postgres://jeroboam@127.0.0.1:5432/jeroboam',
  KEYSTONE_AUTH_URL: 'https://keystone.example.org/v3',
  KEYSTONE_USERNAME: 'jeroboam',
  KEYSTONE_PASSWORD: 'a',
  TRUSTEE_DOMAIN_ADMIN: 'admin',
  TRUSTEE_DOMAIN_ADMIN_PASSWORD: 'b',
  SECRETS_KEY_RING: `new:${randomBytes(32).toString('base64')},old:${randomBytes(32).toString('base64')}`,
});

describe('the configuration', () => {
  it('has a default for all that can have one, and cannot be changed', () => {
    const config = loadConfig(complete());
    assert.equal(config.API_PORT, 9511);
    assert.equal(config.REDIS_URL, undefined);
    assert.deepEqual(
      config.SECRETS_KEY_RING.map(({ id, key }) => [id, key.length]),
      [
        ['new', 32],
        ['old', 32],
      ],
    );
    assert.ok(Object.isFrozen(config));
  });

  it('names every variable that is missing or wrong, and never a value', () => {
    const secret = 'hunter2';
    const { KEYSTONE_PASSWORD: _absent, ...rest } = complete();
    assert.throws(
      () => loadConfig({ ...rest, SECRETS_KEY_RING: secret, API_PORT: 'many' }),
      (error: unknown) => {
        assert.ok(error instanceof InvalidConfiguration);
        assert.match(error.message, /KEYSTONE_PASSWORD is not set/);
        assert.match(error.message, /SECRETS_KEY_RING: /);
        assert.match(error.message, /API_PORT: /);
        assert.ok(!error.message.includes(secret));
        return true;
      },
    );
  });

  it('takes an empty variable as absent', () => {
    assert.equal(loadConfig({ ...complete(), REDIS_URL: '', API_PORT: '' }).API_PORT, 9511);
  });

  it('names the file that it cannot read', () => {
    const env = { ...complete(), KEYSTONE_PASSWORD: undefined, KEYSTONE_PASSWORD_FILE: '/nowhere/password' };
    assert.throws(
      () => loadConfig(env),
      (error) => error instanceof InvalidConfiguration && /KEYSTONE_PASSWORD_FILE: .*\/nowhere\/password/.test(error.message),
    );
  });

  it('reads a number for each service of the cloud', () => {
    const limits = (text: string) => loadConfig({ ...complete(), CLOUD_CALLS_PER_SECOND_BY_SERVICE: text });
    assert.deepEqual(limits('load-balancer:50,identity:2.5').CLOUD_CALLS_PER_SECOND_BY_SERVICE, {
      'load-balancer': 50,
      identity: 2.5,
    });
    assert.throws(() => limits('octavia:50'), /CLOUD_CALLS_PER_SECOND_BY_SERVICE: SERVICE:NUMBER/);
    assert.throws(() => limits('network:50 identity:1'), InvalidConfiguration);
  });

  it('reads any setting from a file', () => {
    const dir = mkdtempSync(join(tmpdir(), 'jeroboam-config-'));
    try {
      writeFileSync(join(dir, 'password'), 'from-a-file\n');
      const { KEYSTONE_PASSWORD: _absent, ...rest } = complete();
      assert.equal(loadConfig({ ...rest, KEYSTONE_PASSWORD_FILE: join(dir, 'password') }).KEYSTONE_PASSWORD, 'from-a-file');
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('takes what all nodes have in common as JSON, and says what is wrong with it', () => {
    const nodes = (value: unknown): ReturnType<typeof loadConfig>['NODE_SETTINGS'] =>
      loadConfig({ ...complete(), NODE_SETTINGS: typeof value === 'string' ? value : JSON.stringify(value) }).NODE_SETTINGS;
    const archive = { url: 'https://mirror.example/a.tar.gz', sha256: 'a'.repeat(64) };
    const given = nodes({ binaries: { 'v1.36.4': { kubernetes: archive, cni: archive } }, time_servers: ['ntp.example'] });
    assert.deepEqual(given?.mirrors, { binaries: { 'v1.36.4': { kubernetes: archive, cni: archive } } });
    assert.deepEqual(given.timeServers, ['ntp.example']);
    assert.throws(() => nodes('{'), /NODE_SETTINGS: is not JSON/);
    assert.throws(() => nodes({ time_servers: ['a b'] }), /NODE_SETTINGS: time_servers\.0: host/);
    assert.throws(() => nodes({ mirror: 'x' }), /NODE_SETTINGS: Unrecognized key/);
  });

  it('is told in the README, setting by setting', () => {
    assert.ok(readFileSync('README.md', 'utf8').includes(settingsTable()), 'put this table into README.md:\n' + settingsTable());
  });
});
