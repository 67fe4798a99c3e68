import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Sandbox } from '../options.js';
import { startSandbox } from '../start.js';
import { clientFor, until } from '../testing/http.js';

const dir = mkdtempSync(join(tmpdir(), 'sandbox-'));
after(() => rmSync(dir, { recursive: true }));

type Remote = Pick<Sandbox, 'authUrl' | 'adminUrl' | 'clouds'>;

async function spawn(): Promise<{ child: ChildProcess; remote: Sandbox }> {
  const options = join(dir, 'options.json');
  writeFileSync(options, JSON.stringify({ latencies: { apiMs: 0, serverBuildMs: 400, serverDeleteMs: 400 } }));
  const child = fork(new URL('../main.js', import.meta.url), ['--dir', dir, '--no-guests', '--options', options], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [remote] = (await once(child, 'message')) as [Remote];
  return { child, remote: remote as Sandbox };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

test('what was answered survives kill -9, and what was under way goes on after the restart', async () => {
  const first = await spawn();
  const demo = await clientFor(first.remote, 'demo');
  const image = (await demo.get('/image/v2/images?name=debian-13')).at('images.0.id');
  const network = (await demo.post('/network/v2.0/networks', { network: { name: 'kept' } })).at('network.id');
  await demo.post('/network/v2.0/subnets', { subnet: { network_id: network, cidr: '10.0.0.0/24', ip_version: 4 } });
  const ports = [];
  for (let index = 0; index < 5; index += 1)
    ports.push((await demo.post('/network/v2.0/ports', { port: { network_id: network } })).at('port.fixed_ips.0.ip_address'));
  const server = (
    await demo.post('/compute/v2.1/servers', { server: { name: 's', flavorRef: '1', imageRef: image, networks: 'none' } })
  ).at('server.id');
  await kill(first.child);
  appendFileSync(join(dir, 'journal.jsonl'), '[["insert","networks","torn');

  const second = await startSandbox({ dir, guests: false, latencies: 'zero' });
  try {
    assert.deepEqual(second.clouds.demo.auth['password'], first.remote.clouds.demo.auth['password']);
    const again = await clientFor(second, 'demo');
    assert.equal((await again.get(`/network/v2.0/networks/${network}`)).at('network.name'), 'kept');
    await until(
      () => again.get(`/compute/v2.1/servers/${server}`),
      (answer) => answer.at('server.status') === 'ACTIVE',
    );
    const next = (await again.post('/network/v2.0/ports', { port: { network_id: network } })).at('port.fixed_ips.0.ip_address');
    assert.ok(!ports.includes(next), 'no address is given twice');
    assert.equal((await again.delete(`/compute/v2.1/servers/${server}`)).status, 204);
    await until(
      () => again.get(`/compute/v2.1/servers/${server}`),
      (answer) => answer.status === 404,
    );
  } finally {
    await second.close();
  }
});

test('a token outlives the restart, and a deleted object stays away', async () => {
  const first = await spawn();
  const demo = await clientFor(first.remote, 'demo');
  const kept = (await demo.post('/network/v2.0/networks', { network: { name: 'a' } })).at('network.id');
  const gone = (await demo.post('/network/v2.0/networks', { network: { name: 'b' } })).at('network.id');
  await demo.delete(`/network/v2.0/networks/${gone}`);
  await kill(first.child);
  const { port } = new URL(first.remote.authUrl);
  const second = await startSandbox({ dir, guests: false, latencies: 'zero', port: Number(port) });
  try {
    assert.equal((await demo.get(`/network/v2.0/networks/${kept}`)).status, 200);
    assert.equal((await demo.get(`/network/v2.0/networks/${gone}`)).status, 404);
  } finally {
    await second.close();
  }
});
