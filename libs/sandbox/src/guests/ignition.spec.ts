import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { firstBoot } from './first-boot.js';
import { runIgnition } from './ignition.js';

const run = (data: unknown): ReturnType<typeof runIgnition> =>
  runIgnition(Buffer.from(typeof data === 'string' ? data : JSON.stringify(data)).toString('base64'));
const file = (path: string, contents: object, more: object = {}): object => ({
  ignition: { version: '3.3.0' },
  storage: { files: [{ path, contents, ...more }] },
});
const sha256 = (text: string): string => `sha256-${createHash('sha256').update(text).digest('hex')}`;

describe('Ignition of a simulated guest', () => {
  it('writes files from data URLs, and units', () => {
    const { disk, enabled, failure } = run({
      ignition: { version: '3.3.0' },
      storage: {
        files: [
          { path: '/etc/a', mode: 384, contents: { source: 'data:,hello%20there' } },
          { path: '/opt/b', contents: { source: `data:;base64,${gzipSync('packed').toString('base64')}`, compression: 'gzip' } },
          {
            path: '/etc/c',
            contents: { source: 'data:text/plain;charset=utf-8;base64,aGVsbG8=', verification: { hash: sha256('hello') } },
          },
        ],
      },
      systemd: {
        units: [
          { name: 'a.service', enabled: true, contents: '[Service]\nExecStart=/bin/true\n' },
          { name: 'b.service', mask: true },
        ],
      },
    });
    assert.equal(failure, undefined);
    assert.deepEqual(enabled, ['a.service']);
    assert.equal(disk.text('/etc/a'), 'hello there');
    assert.equal(disk.file('/etc/a')?.mode, 0o600);
    assert.equal(disk.text('/opt/b'), 'packed');
    assert.equal(disk.text('/etc/c'), 'hello');
    assert.match(disk.text('/etc/systemd/system/a.service') ?? '', /ExecStart/);
  });

  it('boots without user data, and with what is not meant for it', () => {
    assert.equal(runIgnition(null).failure, undefined);
    assert.deepEqual(run('#cloud-config\nruncmd: [[reboot]]\n'), { ...run('#!/bin/sh\n') });
  });

  const wrong: [string, unknown, RegExp][] = [
    ['a version of another kind', { ignition: { version: '2.3.0' } }, /ignition\.version/],
    ['text that is no JSON', '{', /JSON/],
    ['an unknown field', { ignition: { version: '3.3.0' }, sytemd: {} }, /Unrecognized/],
    ['a path that climbs', file('/etc/../usr/x', { source: 'data:,' }), /path/],
    ['a file below /usr', file('/usr/local/sbin/x', { source: 'data:,' }), /read-only/],
    ['a mode as text', file('/etc/x', { source: 'data:,' }, { mode: '0600' }), /mode/],
    ['a hash that does not fit', file('/etc/x', { source: 'data:,a', verification: { hash: sha256('b') } }), /verification/],
  ];
  for (const [what, data, reason] of wrong) {
    it(`stops in the emergency shell for ${what}, and writes nothing`, () => {
      const { disk, failure } = run(data);
      assert.match(failure ?? '', reason);
      assert.deepEqual(disk.paths(), []);
    });
  }

  const agent = '/opt/jeroboam/jeroboam-node';
  const machine = {
    ...file(agent, { source: 'data:,x' }, { mode: 0o755 }),
    systemd: { units: [{ name: 'a.service', enabled: true, contents: `[Service]\nExecStart=/bin/bash ${agent}\n` }] },
  };
  const instance = { instanceId: 'i-1', hostname: 'k1', localIp: '10.0.0.5' };
  const systems: [string | undefined, unknown, string | undefined][] = [
    ['flatcar', machine, agent],
    ['fedora-coreos', machine, agent],
    ['ubuntu', machine, undefined],
    [undefined, machine, agent],
    ['flatcar', '#cloud-config\nruncmd: [[/opt/jeroboam/jeroboam-node]]\n', undefined],
  ];
  for (const [osDistro, data, program] of systems) {
    it(`${typeof data === 'string' ? 'cloud-config' : 'Ignition'} on ${osDistro ?? 'an unknown image'} starts ${program ? 'the agent' : 'nothing'}`, () => {
      const userData = Buffer.from(typeof data === 'string' ? data : JSON.stringify(data)).toString('base64');
      assert.equal(firstBoot({ userData, image: { name: 'x', osDistro } }, instance).program, program);
    });
  }
});
