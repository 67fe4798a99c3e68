import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { Agent, request } from 'node:https';
import { test } from 'node:test';
import { noGuestLatencies } from './guests/guest-options.js';
import { TestBootstrap } from './guests/testing/test-bootstrap.js';
import { TestCluster } from './guests/testing/test-cluster.js';
import { startSandbox } from './start.js';
import { clientFor, until } from './testing/http.js';

const lbaas = '/load-balancer/v2.0/lbaas';

/** GET /version of a Kubernetes API, trusting this authority only. */
function version(address: string, ca: string): Promise<number> {
  const agent = new Agent({ ca });
  return new Promise((resolve, reject) => {
    request({ agent, host: address, port: 6443, path: '/version', timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  }).finally(() => agent.destroy()) as Promise<number>;
}

test('a guest boots behind a load balancer, asks from its router, answers at the floating IP, and goes with its server', async () => {
  const third = randomInt(1, 250);
  const sandbox = await startSandbox({
    latencies: 'zero',
    guestLatencies: noGuestLatencies,
    publicCidr: `127.28.${third}.0/24`,
    guestInternalCidr: `127.29.${third}.0/24`,
  });
  let bootstrap: TestBootstrap | undefined;
  try {
    const demo = await clientFor(sandbox, 'demo');
    const external = (await demo.get('/network/v2.0/networks?name=public')).at('networks.0.id');
    const network = (await demo.post('/network/v2.0/networks', { network: { name: 'lan' } })).at('network.id');
    const subnet = (
      await demo.post('/network/v2.0/subnets', { subnet: { network_id: network, cidr: '10.0.0.0/24', ip_version: 4 } })
    ).at('subnet.id');
    const router = await demo.post('/network/v2.0/routers', { router: { external_gateway_info: { network_id: external } } });
    await demo.put(`/network/v2.0/routers/${router.at('router.id')}/add_router_interface`, { subnet_id: subnet });
    const port = await demo.post('/network/v2.0/ports', { port: { network_id: network } });
    const address = port.at('port.fixed_ips.0.ip_address');
    const balancer = await demo.post(`${lbaas}/loadbalancers`, {
      loadbalancer: {
        vip_subnet_id: subnet,
        listeners: [
          {
            protocol: 'TCP',
            protocol_port: 6443,
            default_pool: {
              protocol: 'TCP',
              lb_algorithm: 'ROUND_ROBIN',
              members: [{ address, protocol_port: 6443 }],
              healthmonitor: { type: 'TCP', delay: 5, timeout: 5, max_retries: 3 },
            },
          },
        ],
      },
    });
    const pool = balancer.at('loadbalancer.listeners.0.default_pool.id');
    const floating = await demo.post('/network/v2.0/floatingips', {
      floatingip: { floating_network_id: external, port_id: balancer.at('loadbalancer.vip_port_id') },
    });
    const endpoint = floating.at('floatingip.floating_ip_address');

    const cluster = await TestCluster.make(endpoint);
    bootstrap = await TestBootstrap.start(() => ({ status: 200, body: cluster.init('k1-master-0') }));
    const node = randomUUID();
    const image = (await demo.get('/image/v2/images?name=debian-13')).at('images.0.id');
    const server = await demo.post('/compute/v2.1/servers', {
      server: {
        name: 'k1-master-0',
        flavorRef: '2',
        imageRef: image,
        networks: [{ port: port.at('port.id') }],
        user_data: bootstrap.userData(node, 'k1-master-0', 'master'),
      },
    });
    await bootstrap.reported(node, 'kubeadm-init', 'done');
    assert.equal(bootstrap.requests[0]?.source, router.at('router.external_gateway_info.external_fixed_ips.0.ip_address'));
    assert.equal(await version(endpoint, cluster.ca.certPem), 200);
    await until(
      () => demo.get(`${lbaas}/pools/${pool}/members`),
      (answer) => answer.at('members.0.operating_status') === 'ONLINE',
    );
    const console = await demo.post(`/compute/v2.1/servers/${server.at('server.id')}/action`, {
      'os-getConsoleOutput': { length: 50 },
    });
    assert.match(console.at('output'), /cloud-init/);
    await demo.delete(`/compute/v2.1/servers/${server.at('server.id')}`);
    await until(
      () => version(endpoint, cluster.ca.certPem).catch(() => 0),
      (status) => status === 0,
    );
  } finally {
    await bootstrap?.close();
    await sandbox.close();
  }
});
