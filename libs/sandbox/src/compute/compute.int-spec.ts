import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startSandbox } from '../start.js';
import type { Sandbox } from '../options.js';
import { clientFor, until } from '../testing/http.js';
import type { Answer, TestClient } from '../testing/http.js';

let sandbox: Sandbox;
let demo: TestClient;
let image: string;
before(async () => {
  sandbox = await startSandbox({ latencies: 'zero', guests: false });
  demo = await clientFor(sandbox, 'demo');
  image = (await demo.get('/image/v2/images?name=debian-13')).at('images.0.id');
});
after(() => sandbox.close());

const boot = (name: string, networks: unknown, more: object = {}): Promise<Answer> =>
  demo.post('/compute/v2.1/servers', { server: { name, flavorRef: '2', imageRef: image, networks, ...more } });
const status = (id: string): Promise<Answer> => demo.get(`/compute/v2.1/servers/${id}`);

async function network(name: string, cidr = '10.0.0.0/24'): Promise<string> {
  const id = (await demo.post('/network/v2.0/networks', { network: { name } })).at('network.id');
  await demo.post('/network/v2.0/subnets', { subnet: { network_id: id, cidr, ip_version: 4 } });
  return id;
}

test('a server goes from BUILD to ACTIVE on a port of its own, which stays when the server goes', async () => {
  const net = await network('n1');
  const port = await demo.post('/network/v2.0/ports', { port: { network_id: net, name: 'p1' } });
  assert.equal(port.at('port.status'), 'DOWN');
  const id = port.at('port.id');
  const made = await boot('s1', [{ port: id }], {
    metadata: { a: 'b' },
    user_data: Buffer.from('#cloud-config').toString('base64'),
    config_drive: true,
    tags: ['t1'],
  });
  assert.equal(made.status, 202);
  assert.ok(made.headers.get('x-compute-request-id')?.startsWith('req-'));
  const server = made.at('server.id');
  assert.equal((await boot('s2', [{ port: id }])).status, 409);
  const active = await until(
    () => status(server),
    (answer) => answer.at('server.status') === 'ACTIVE',
  );
  assert.equal(active.at('server.addresses.n1.0.addr'), port.at('port.fixed_ips.0.ip_address'));
  assert.equal(active.at('server.flavor.original_name'), 'm1.small');
  assert.deepEqual(active.at<string[]>('server.tags'), ['t1']);
  assert.equal(active.at('server.OS-EXT-SRV-ATTR:user_data'), undefined);
  const bound = await demo.get(`/network/v2.0/ports/${id}`);
  assert.deepEqual(
    [bound.at('port.device_id'), bound.at('port.device_owner'), bound.at('port.status')],
    [server, 'compute:nova', 'ACTIVE'],
  );
  const admin = await clientFor(sandbox, 'admin');
  assert.equal(
    Buffer.from((await admin.get(`/compute/v2.1/servers/${server}`)).at('server.OS-EXT-SRV-ATTR:user_data'), 'base64').toString(),
    '#cloud-config',
  );
  assert.equal((await demo.delete(`/compute/v2.1/servers/${server}`)).status, 204);
  await until(
    () => status(server),
    (answer) => answer.status === 404,
  );
  const free = await demo.get(`/network/v2.0/ports/${id}`);
  assert.deepEqual([free.at('port.device_id'), free.at('port.status')], ['', 'DOWN']);
});

test('a port that Nova made goes with its server', async () => {
  const net = await network('n2');
  const server = (await boot('own-port', [{ uuid: net }])).at('server.id');
  assert.equal((await demo.get(`/network/v2.0/ports?device_id=${server}`)).at<unknown[]>('ports').length, 1);
  await demo.delete(`/compute/v2.1/servers/${server}`);
  await until(
    () => status(server),
    (answer) => answer.status === 404,
  );
  assert.equal((await demo.get(`/network/v2.0/ports?network_id=${net}`)).at<unknown[]>('ports').length, 0);
});

test('bad requests are 400 in computeFault clothes, naming the field', async () => {
  const cases: [string, object, RegExp][] = [
    ['unknown flavor', { flavorRef: 'none' }, /Flavor none/],
    ['unknown image', { imageRef: '3fa7c7b4-0000-4000-8000-000000000000' }, /image/],
    ['unknown key', { key_name: 'none' }, /key_name/],
    ['user data too long', { user_data: 'A'.repeat(65_536) }, /user_data/],
    ['user data no base64', { user_data: '***' }, /user_data/],
    ['no networks at this microversion', { networks: undefined }, /networks/],
    ['unknown port', { networks: [{ port: 'none' }] }, /Port none/],
  ];
  for (const [name, change, words] of cases) {
    const answer = await boot('bad', [], change);
    assert.equal(answer.status, 400, name);
    assert.match(answer.at('badRequest.message'), words, name);
  }
  assert.equal((await demo.get('/compute/v2.1/servers/none')).at<number>('itemNotFound.code'), 404);
  const newer = await demo.send('GET', '/compute/v2.1/servers', undefined, { 'openstack-api-version': 'compute 2.999' });
  assert.equal(newer.status, 406);
});

test('lists are filtered by name as a pattern, paged by marker, and apart by project', async () => {
  const names = ['list-0', 'list-1', 'list-2'];
  for (const name of names) await boot(name, 'none');
  const first = await demo.get('/compute/v2.1/servers/detail?name=%5Elist-&limit=2');
  assert.deepEqual(
    first.at<{ name: string }[]>('servers').map((server) => server.name),
    ['list-2', 'list-1'],
  );
  const next = new URL(first.at('servers_links.0.href'));
  const second = await demo.get(`${next.pathname}${next.search}`);
  assert.deepEqual(
    second.at<{ name: string }[]>('servers').map((server) => server.name),
    ['list-0'],
  );
  const other = await clientFor(sandbox, 'other');
  assert.equal((await other.get('/compute/v2.1/servers')).at<unknown[]>('servers').length, 0);
  assert.equal((await other.get('/compute/v2.1/servers?all_tenants=1')).status, 403);
  const id = first.at('servers.0.id');
  assert.equal((await other.get(`/compute/v2.1/servers/${id}`)).status, 404);
  const reader = await clientFor(sandbox, 'reader');
  assert.equal((await reader.get(`/compute/v2.1/servers/${id}`)).status, 200);
  assert.equal((await reader.delete(`/compute/v2.1/servers/${id}`)).at<number>('forbidden.code'), 403);
});

test('an injected outcome makes a server ERROR with a fault, and its ports free again', async () => {
  const net = await network('n3');
  const port = (await demo.post('/network/v2.0/ports', { port: { network_id: net } })).at('port.id');
  await demo.post('/sandbox/faults', {
    service: 'compute',
    method: 'POST',
    path: '^/servers$',
    kind: 'outcome',
    outcome: 'error',
    reason: 'No valid host was found. There are not enough hosts available.',
  });
  const id = (await boot('fails', [{ port }])).at('server.id');
  const failed = await until(
    () => status(id),
    (answer) => answer.at('server.status') === 'ERROR',
  );
  assert.match(failed.at('server.fault.message'), /No valid host/);
  assert.equal((await demo.get(`/network/v2.0/ports/${port}`)).at('port.device_id'), '');
});

test('server groups, key pairs, volumes: made, used, gone', async () => {
  const group = (
    await demo.post('/compute/v2.1/os-server-groups', { server_group: { name: 'g', policy: 'soft-anti-affinity' } })
  ).at('server_group.id');
  const key = await demo.post('/compute/v2.1/os-keypairs', { keypair: { name: 'k' } });
  assert.equal(key.status, 201);
  assert.match(key.at('keypair.private_key'), /BEGIN RSA PRIVATE KEY/);
  assert.equal((await demo.post('/compute/v2.1/os-keypairs', { keypair: { name: 'k' } })).status, 409);
  const made = await demo.post('/compute/v2.1/servers', {
    server: { name: 'grouped', flavorRef: '1', imageRef: image, networks: 'none', key_name: 'k' },
    'os:scheduler_hints': { group },
  });
  const server = made.at('server.id');
  assert.deepEqual((await demo.get(`/compute/v2.1/os-server-groups/${group}`)).at<string[]>('server_group.members'), [server]);
  await until(
    () => status(server),
    (answer) => answer.at('server.status') === 'ACTIVE',
  );
  const project = (await demo.get('/identity/v3/auth/projects')).at('projects.0.id');
  const volume = (await demo.post(`/volume/v3/${project}/volumes`, { volume: { size: 1, name: 'v' } })).at('volume.id');
  const show = (): Promise<Answer> => demo.get(`/volume/v3/${project}/volumes/${volume}`);
  await until(show, (answer) => answer.at('volume.status') === 'available');
  assert.equal(
    (await demo.post(`/compute/v2.1/servers/${server}/os-volume_attachments`, { volumeAttachment: { volumeId: volume } })).status,
    200,
  );
  await until(show, (answer) => answer.at('volume.status') === 'in-use');
  assert.equal((await demo.delete(`/volume/v3/${project}/volumes/${volume}`)).at<number>('badRequest.code'), 400);
  assert.equal((await demo.delete(`/compute/v2.1/servers/${server}/os-volume_attachments/${volume}`)).status, 202);
  await until(show, (answer) => answer.at('volume.status') === 'available');
  assert.equal((await demo.delete(`/volume/v3/${project}/volumes/${volume}`)).status, 202);
  await until(show, (answer) => answer.status === 404);
  await demo.delete(`/compute/v2.1/servers/${server}`);
  await until(
    () => status(server),
    (answer) => answer.status === 404,
  );
  assert.equal((await demo.delete(`/compute/v2.1/os-server-groups/${group}`)).status, 204);
});

test('quota exceeded is 403 in Nova and 413 in Cinder', async () => {
  const admin = await clientFor(sandbox, 'admin');
  const project = (await demo.get('/identity/v3/auth/projects')).at('projects.0.id');
  await admin.put(`/compute/v2.1/os-quota-sets/${project}`, { quota_set: { instances: 0 } });
  assert.match((await boot('too-many', 'none')).at('forbidden.message'), /Quota exceeded for instances/);
  await admin.put(`/compute/v2.1/os-quota-sets/${project}`, { quota_set: { instances: -1 } });
  await admin.put(`/volume/v3/${(await admin.get('/identity/v3/auth/projects')).at('projects.0.id')}/os-quota-sets/${project}`, {
    quota_set: { volumes: 0 },
  });
  assert.equal((await demo.post(`/volume/v3/${project}/volumes`, { volume: { size: 1 } })).at<number>('overLimit.code'), 413);
});
