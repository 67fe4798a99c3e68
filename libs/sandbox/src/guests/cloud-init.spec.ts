import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { runCloudInit } from './cloud-init.js';

const instance = { instanceId: 'i-1', hostname: 'k1-master-0', localIp: '10.0.0.5' };
const run = (data: string | Buffer): ReturnType<typeof runCloudInit> =>
  runCloudInit(Buffer.from(data).toString('base64'), instance);
const hello = Buffer.from('hello').toString('base64');

const config = `#cloud-config
write_files:
  - {path: /a, content: hello, permissions: '0600'}
  - {path: /b, encoding: b64, content: ${hello}, permissions: 0o755}
  - {path: /c, encoding: gz+b64, content: ${gzipSync('hello').toString('base64')}}
  - {path: /c, content: ' again', append: true}
runcmd:
  - [/a, b]
  - echo hi
`;

describe('cloud-init of a simulated guest', () => {
  const forms: [string, string | Buffer][] = [
    ['plain', config],
    ['gzipped', gzipSync(config)],
    ['with a jinja header', `## template: jinja\n${config}`],
    ['as MIME part', mime(config)],
  ];
  for (const [name, data] of forms) {
    it(`reads a cloud-config ${name}`, () => {
      const { disk, runcmd, warnings } = run(data);
      assert.deepEqual(
        disk.paths().map((path) => [path, disk.text(path), disk.file(path)?.mode]),
        [
          ['/a', 'hello', 0o600],
          ['/b', 'hello', 0o755],
          ['/c', 'hello again', 0o644],
        ],
      );
      assert.deepEqual(runcmd, [['/a', 'b'], 'echo hi']);
      assert.deepEqual(warnings, []);
    });
  }

  it('fills in jinja variables, but not inside raw', () => {
    const text =
      '## template: jinja\n#cloud-config\nruncmd: ["{{ v1.instance_id }} {{ local_hostname }} {% raw %}{{ x }}{% endraw %}"]\n';
    assert.deepEqual(run(text).runcmd, ['i-1 k1-master-0 {{ x }}']);
  });

  it('warns of what it cannot read and boots on', () => {
    for (const bad of ['nonsense', '#cloud-config\n: :\n  - [', Buffer.from([0x1f, 0x8b, 1, 2])]) {
      const { disk, warnings } = run(bad);
      assert.deepEqual(disk.paths(), []);
      assert.equal(warnings.length > 0, true);
    }
    assert.deepEqual(runCloudInit(null, instance).warnings, []);
  });
});

function mime(part: string): string {
  return `Content-Type: multipart/mixed; boundary="B"\nMIME-Version: 1.0\n\n--B\nContent-Type: text/cloud-config\n\n${part}\n--B--\n`;
}
