import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Sandbox } from '../options.js';
import { startSandbox } from '../start.js';
import { clientFor } from '../testing/http.js';
import type { Answer, TestClient } from '../testing/http.js';

let sandbox: Sandbox;
let demo: TestClient;
let external: string;
before(async () => {
  sandbox = await startSandbox({ latencies: 'zero', guests: false, publicCidr: '127.25.0.0/28' });
  demo = await clientFor(sandbox, 'demo');
  external = (await demo.get('/network/v2.0/networks?router:external=true')).at('networks.0.id');
});
after(() => sandbox.close());

const make = async (kind: string, body: object): Promise<Answer> => {
  const answer = await demo.post(`/network/v2.0/${kind.replaceAll('_', '-')}s`, { [kind]: body });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer;
};
const refused = (answer: Answer, status: number, type: string): void => {
  assert.deepEqual([answer.status, answer.at('NeutronError.type')], [status, type], JSON.stringify(answer.body));
  assert.notEqual(answer.at('NeutronError.message'), '');
};

async function lan(cidr: string): Promise<{ network: string; subnet: string }> {
  const network = (await make('network', { name: 'lan' })).at('network.id');
  const subnet = (await make('subnet', { network_id: network, cidr, ip_version: 4 })).at('subnet.id');
  return { network, subnet };
}

test('what is in use is not deleted: network, subnet, router, interface, security group', async () => {
  const { network, subnet } = await lan('10.1.0.0/24');
  const router = (await make('router', { external_gateway_info: { network_id: external } })).at('router.id');
  const attach = (): Promise<Answer> => demo.put(`/network/v2.0/routers/${router}/add_router_interface`, { subnet_id: subnet });
  const detach = (): Promise<Answer> =>
    demo.put(`/network/v2.0/routers/${router}/remove_router_interface`, { subnet_id: subnet });
  assert.equal((await attach()).status, 200);
  refused(await attach(), 400, 'BadRequest');
  const group = (await make('security_group', { name: 'g' })).at('security_group.id');
  const port = (await make('port', { network_id: network, security_groups: [group] })).at('port.id');
  const floating = await make('floatingip', { floating_network_id: external, port_id: port });
  assert.equal(floating.at('floatingip.status'), 'ACTIVE');
  assert.match(floating.at('floatingip.floating_ip_address'), /^127\.25\.0\.1\d$/);
  refused(await demo.delete(`/network/v2.0/networks/${network}`), 409, 'NetworkInUse');
  refused(await demo.delete(`/network/v2.0/subnets/${subnet}`), 409, 'SubnetInUse');
  refused(await demo.delete(`/network/v2.0/routers/${router}`), 409, 'RouterInUse');
  refused(await detach(), 409, 'RouterInterfaceInUseByFloatingIP');
  refused(await demo.delete(`/network/v2.0/security-groups/${group}`), 409, 'SecurityGroupInUse');
  const gatewayPort = (await demo.get(`/network/v2.0/ports?device_id=${router}`)).at('ports.0.id');
  refused(await demo.delete(`/network/v2.0/ports/${gatewayPort}`), 409, 'ServicePortInUse');
  assert.equal((await demo.delete(`/network/v2.0/floatingips/${floating.at('floatingip.id')}`)).status, 204);
  for (const path of [`ports/${port}`, `security-groups/${group}`])
    assert.equal((await demo.delete(`/network/v2.0/${path}`)).status, 204);
  assert.equal((await detach()).status, 200);
  refused(await detach(), 404, 'RouterInterfaceNotFoundForSubnet');
  for (const path of [`routers/${router}`, `subnets/${subnet}`, `networks/${network}`])
    assert.equal((await demo.delete(`/network/v2.0/${path}`)).status, 204);
  assert.equal((await demo.get(`/network/v2.0/networks/${network}`)).at('NeutronError.type'), 'NetworkNotFound');
});

test('addresses come from the pools, once each, and run out', async () => {
  const network = (await make('network', {})).at('network.id');
  const subnet = (
    await make('subnet', {
      network_id: network,
      cidr: '10.2.0.0/29',
      ip_version: 4,
      allocation_pools: [{ start: '10.2.0.3', end: '10.2.0.4' }],
    })
  ).at('subnet.id');
  const first = await make('port', { network_id: network });
  assert.deepEqual(first.at<unknown>('port.fixed_ips'), [{ subnet_id: subnet, ip_address: '10.2.0.3' }]);
  refused(
    await demo.post('/network/v2.0/ports', { port: { network_id: network, fixed_ips: [{ ip_address: '10.2.0.3' }] } }),
    409,
    'IpAddressAlreadyAllocated',
  );
  refused(
    await demo.post('/network/v2.0/ports', {
      port: { network_id: network, fixed_ips: [{ subnet_id: subnet, ip_address: '10.9.0.3' }] },
    }),
    400,
    'InvalidIpForSubnet',
  );
  await make('port', { network_id: network });
  refused(await demo.post('/network/v2.0/ports', { port: { network_id: network } }), 409, 'IpAddressGenerationFailure');
  const before = (await demo.get(`/network/v2.0/ports?network_id=${network}`)).at<unknown[]>('ports').length;
  refused(
    await demo.post('/network/v2.0/ports', { ports: [{ network_id: network, fixed_ips: [] }, { network_id: network }] }),
    409,
    'IpAddressGenerationFailure',
  );
  assert.equal(
    (await demo.get(`/network/v2.0/ports?network_id=${network}`)).at<unknown[]>('ports').length,
    before,
    'a failed bulk leaves nothing',
  );
});

test('the external pool runs out with 409, and quota with OverQuota', async () => {
  let last: Answer | undefined;
  for (let index = 0; index < 10 && (last === undefined || last.status === 201); index += 1)
    last = await demo.post('/network/v2.0/floatingips', { floatingip: { floating_network_id: external } });
  if (last === undefined) throw new Error('none made');
  refused(last, 409, 'IpAddressGenerationFailure');
  for (const row of (await demo.get('/network/v2.0/floatingips')).at<{ id: string }[]>('floatingips'))
    await demo.delete(`/network/v2.0/floatingips/${row.id}`);
  const admin = await clientFor(sandbox, 'admin');
  const project = (await demo.get('/identity/v3/auth/projects')).at('projects.0.id');
  await admin.put(`/network/v2.0/quotas/${project}`, { quota: { router: 0 } });
  refused(await demo.post('/network/v2.0/routers', { router: {} }), 409, 'OverQuota');
  await admin.delete(`/network/v2.0/quotas/${project}`);
});

test('a floating IP needs a router that leads outside', async () => {
  const { network } = await lan('10.3.0.0/24');
  const port = (await make('port', { network_id: network })).at('port.id');
  refused(
    await demo.post('/network/v2.0/floatingips', { floatingip: { floating_network_id: external, port_id: port } }),
    404,
    'ExternalGatewayForFloatingIPNotFound',
  );
  assert.equal((await demo.get('/network/v2.0/floatingips')).at<unknown[]>('floatingips').length, 0, 'nothing was made');
  refused(await demo.post('/network/v2.0/floatingips', { floatingip: { floating_network_id: network } }), 400, 'BadRequest');
});

test('subnets of one network, and of one router, do not overlap', async () => {
  const { network, subnet } = await lan('10.4.0.0/16');
  refused(
    await demo.post('/network/v2.0/subnets', { subnet: { network_id: network, cidr: '10.4.7.0/24', ip_version: 4 } }),
    400,
    'InvalidInput',
  );
  const other = await lan('10.4.8.0/24');
  const router = (await make('router', {})).at('router.id');
  await demo.put(`/network/v2.0/routers/${router}/add_router_interface`, { subnet_id: subnet });
  refused(await demo.put(`/network/v2.0/routers/${router}/add_router_interface`, { subnet_id: other.subnet }), 400, 'BadRequest');
});

test('security groups: two egress rules from the start, duplicates and bad ports refused', async () => {
  const made = await make('security_group', { name: 'sg' });
  const group = made.at('security_group.id');
  assert.deepEqual(
    made.at<{ direction: string }[]>('security_group.security_group_rules').map((rule) => rule.direction),
    ['egress', 'egress'],
  );
  const rule = {
    security_group_id: group,
    direction: 'ingress',
    protocol: 'tcp',
    port_range_min: 6443,
    port_range_max: 6443,
    remote_ip_prefix: '0.0.0.0/0',
  };
  await make('security_group_rule', rule);
  refused(await demo.post('/network/v2.0/security-group-rules', { security_group_rule: rule }), 409, 'SecurityGroupRuleExists');
  refused(
    await demo.post('/network/v2.0/security-group-rules', { security_group_rule: { ...rule, port_range_max: 1 } }),
    400,
    'SecurityGroupInvalidPortRange',
  );
  refused(
    await demo.post('/network/v2.0/security-group-rules', { security_group_rule: { ...rule, surprise: 1 } }),
    400,
    'HTTPBadRequest',
  );
  const own = await demo.get('/network/v2.0/security-groups?name=default');
  refused(
    await demo.delete(`/network/v2.0/security-groups/${own.at('security_groups.0.id')}`),
    409,
    'SecurityGroupCannotRemoveDefault',
  );
});

test('lists: filters, fields, pages, tags; projects apart, admins above', async () => {
  for (const name of ['pa', 'pb', 'pc']) await make('network', { name, description: 'paged' });
  const page = await demo.get('/network/v2.0/networks?description=paged&limit=2&fields=name');
  assert.deepEqual(page.at<unknown>('networks'), [{ name: 'pa' }, { name: 'pb' }]);
  const next = new URL(page.at('networks_links.0.href'));
  const rest = await demo.get(`${next.pathname}${next.search}`);
  assert.deepEqual(rest.at<unknown>('networks'), [{ name: 'pc' }]);
  refused(await demo.get('/network/v2.0/networks?colour=red'), 400, 'HTTPBadRequest');
  const id = (await demo.get('/network/v2.0/networks?name=pa')).at('networks.0.id');
  assert.equal((await demo.put(`/network/v2.0/networks/${id}/tags`, { tags: ['x', 'y'] })).status, 200);
  assert.equal((await demo.get('/network/v2.0/networks?tags=x,y')).at('networks.0.id'), id);
  const other = await clientFor(sandbox, 'other');
  assert.equal((await other.get(`/network/v2.0/networks/${id}`)).status, 404);
  assert.deepEqual((await other.get('/network/v2.0/networks?fields=name')).at<unknown>('networks'), [{ name: 'public' }]);
  assert.equal((await (await clientFor(sandbox, 'admin')).get(`/network/v2.0/networks/${id}`)).at('network.name'), 'pa');
  const reader = await clientFor(sandbox, 'reader');
  refused(await reader.delete(`/network/v2.0/networks/${id}`), 403, 'PolicyNotAuthorized');
});
