import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Sandbox } from '../options.js';
import { startSandbox } from '../start.js';
import { clientFor, until } from '../testing/http.js';
import type { Answer, TestClient } from '../testing/http.js';

const base = '/load-balancer/v2.0/lbaas';
let sandbox: Sandbox;
let demo: TestClient;
let subnet: string;
before(async () => {
  sandbox = await startSandbox({
    latencies: { apiMs: 0, loadBalancerBuildMs: 150, loadBalancerChangeMs: 100, loadBalancerDeleteMs: 100 },
    guests: false,
  });
  demo = await clientFor(sandbox, 'demo');
  const network = (await demo.post('/network/v2.0/networks', { network: { name: 'lan' } })).at('network.id');
  subnet = (await demo.post('/network/v2.0/subnets', { subnet: { network_id: network, cidr: '10.0.0.0/24', ip_version: 4 } })).at(
    'subnet.id',
  );
});
after(() => sandbox.close());

const show = (id: string): Promise<Answer> => demo.get(`${base}/loadbalancers/${id}`);
const active = (id: string): Promise<Answer> =>
  until(
    () => show(id),
    (answer) => answer.at('loadbalancer.provisioning_status') === 'ACTIVE',
  );
const gone = (id: string): Promise<Answer> =>
  until(
    () => show(id),
    (answer) => answer.status === 404,
  );
const balancer = async (name: string, more: object = {}): Promise<Answer> =>
  demo.post(`${base}/loadbalancers`, { loadbalancer: { name, vip_subnet_id: subnet, ...more } });

test('busy means immutable: one change at a time, then ACTIVE again', async () => {
  const made = await balancer('lb1');
  assert.equal(made.at('loadbalancer.provisioning_status'), 'PENDING_CREATE');
  const id = made.at('loadbalancer.id');
  const port = await demo.get(`/network/v2.0/ports/${made.at('loadbalancer.vip_port_id')}`);
  assert.deepEqual(
    [port.at('port.device_owner'), port.at('port.fixed_ips.0.ip_address')],
    ['Octavia', made.at('loadbalancer.vip_address')],
  );
  const listen = (number: number): Promise<Answer> =>
    demo.post(`${base}/listeners`, {
      listener: { loadbalancer_id: id, protocol: 'TCP', protocol_port: number, allowed_cidrs: ['10.0.0.0/8'] },
    });
  const early = await listen(6443);
  assert.deepEqual([early.status, early.at('faultstring')], [409, `Load Balancer ${id} is immutable and cannot be updated.`]);
  await active(id);
  const listener = await listen(6443);
  assert.equal(listener.status, 201);
  assert.equal(listener.at('listener.provisioning_status'), 'PENDING_CREATE');
  assert.equal((await listen(6444)).status, 409);
  assert.equal((await active(id)).at('loadbalancer.operating_status'), 'ONLINE');
  assert.equal((await demo.get(`${base}/listeners/${listener.at('listener.id')}`)).at('listener.provisioning_status'), 'ACTIVE');
  const same = await listen(6443);
  assert.match(same.at('faultstring'), /already using/);
  assert.equal((await show(id)).at('loadbalancer.provisioning_status'), 'ACTIVE', 'a refused change does not occupy');
  const pool = (
    await demo.post(`${base}/pools`, {
      pool: { listener_id: listener.at('listener.id'), protocol: 'TCP', lb_algorithm: 'ROUND_ROBIN' },
    })
  ).at('pool.id');
  await active(id);
  const member = await demo.post(`${base}/pools/${pool}/members`, {
    member: { address: '10.0.0.9', protocol_port: 6443, subnet_id: subnet },
  });
  assert.equal(member.at('member.operating_status'), 'OFFLINE');
  await active(id);
  assert.equal(
    (await demo.get(`${base}/pools/${pool}/members/${member.at('member.id')}`)).at('member.operating_status'),
    'NO_MONITOR',
  );
  assert.equal(
    (await demo.post(`${base}/pools/${pool}/members`, { member: { address: '10.0.0.9', protocol_port: 6443 } })).status,
    409,
  );
  await demo.post(`${base}/healthmonitors`, {
    healthmonitor: { pool_id: pool, type: 'TCP', delay: 5, timeout: 5, max_retries: 3 },
  });
  await active(id);
  assert.equal(
    (await demo.get(`${base}/pools/${pool}/members`)).at('members.0.operating_status'),
    'ERROR',
    'nobody has that address',
  );
  const refused = await demo.delete(`${base}/loadbalancers/${id}`);
  assert.deepEqual([refused.status, /has children/.test(refused.at('faultstring'))], [400, true]);
  assert.equal((await demo.delete(`${base}/loadbalancers/${id}?cascade=true`)).status, 204);
  await gone(id);
  assert.equal((await demo.get(`${base}/pools/${pool}`)).status, 404);
  assert.equal((await demo.get(`/network/v2.0/ports/${made.at('loadbalancer.vip_port_id')}`)).status, 404);
});

test('a fully populated creation makes the whole tree in one go', async () => {
  const made = await balancer('lb2', {
    listeners: [
      {
        name: 'l',
        protocol: 'TCP',
        protocol_port: 6443,
        default_pool: {
          name: 'p',
          protocol: 'TCP',
          lb_algorithm: 'SOURCE_IP',
          members: [{ address: '10.0.0.20', protocol_port: 6443 }],
          healthmonitor: { type: 'TCP', delay: 5, timeout: 5, max_retries: 3 },
        },
      },
    ],
  });
  assert.equal(made.status, 201);
  assert.equal(made.at('loadbalancer.listeners.0.default_pool.members.0.address'), '10.0.0.20');
  const id = made.at('loadbalancer.id');
  await active(id);
  assert.equal(
    (await demo.get(`${base}/loadbalancers/${id}/status`)).at(
      'statuses.loadbalancer.listeners.0.pools.0.members.0.provisioning_status',
    ),
    'ACTIVE',
  );
  await demo.delete(`${base}/loadbalancers/${id}?cascade=true`);
  assert.equal((await demo.delete(`${base}/loadbalancers/${id}?cascade=true`)).status, 409);
  await gone(id);
});

test('injected outcomes: an ERROR balancer can only be deleted, a stuck one stays PENDING', async () => {
  await demo.post('/sandbox/faults', {
    service: 'load-balancer',
    method: 'POST',
    path: 'loadbalancers$',
    kind: 'outcome',
    outcome: 'error',
  });
  const failed = (await balancer('lb3')).at('loadbalancer.id');
  await until(
    () => show(failed),
    (answer) => answer.at('loadbalancer.provisioning_status') === 'ERROR',
  );
  assert.equal((await demo.put(`${base}/loadbalancers/${failed}`, { loadbalancer: { name: 'x' } })).status, 409);
  assert.equal((await demo.delete(`${base}/loadbalancers/${failed}`)).status, 204);
  await gone(failed);
  await demo.post('/sandbox/faults', {
    service: 'load-balancer',
    method: 'POST',
    path: 'loadbalancers$',
    kind: 'outcome',
    outcome: 'stuck',
  });
  const stuck = (await balancer('lb4')).at('loadbalancer.id');
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal((await show(stuck)).at('loadbalancer.provisioning_status'), 'PENDING_CREATE');
});

test('others see nothing of it', async () => {
  const id = (await balancer('lb5')).at('loadbalancer.id');
  const other = await clientFor(sandbox, 'other');
  assert.equal((await other.get(`${base}/loadbalancers/${id}`)).at('faultcode'), 'Client');
  assert.equal((await other.get(`${base}/loadbalancers`)).at<unknown[]>('loadbalancers').length, 0);
  const reader = await clientFor(sandbox, 'reader');
  assert.equal((await reader.get(`${base}/loadbalancers?name=lb5`)).at<unknown[]>('loadbalancers').length, 1);
  assert.equal((await reader.delete(`${base}/loadbalancers/${id}`)).status, 403);
});
