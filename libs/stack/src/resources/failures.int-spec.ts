import { InvalidInput, Transient } from '#libs/domain';
import { Cloud, type CloudSession } from '#libs/openstack';
import { startSandbox, type FaultRule, type Latencies, type Sandbox } from '#libs/sandbox';
import assert from 'node:assert/strict';
import { after, afterEach, before, it } from 'node:test';
import { ResourceInError } from '../errors.js';
import { contractCases } from './test/contract-cases.js';
import { typeNamed, World } from './test/world.js';

let sandbox: Sandbox;
let cloud: Cloud;
let session: CloudSession;
let world: World;
let calls = 0;

before(async () => {
  sandbox = await startSandbox({ latencies: 'zero', guests: false });
  cloud = new Cloud({ authUrl: sandbox.authUrl, region: 'sandbox', observeIntervalMs: 5, onCall: () => calls++ });
  const { username = '', password = '', project_name } = sandbox.clouds.demo.auth;
  session = cloud.session({ kind: 'password', username, password, userDomainName: 'Default', projectName: project_name });
});
after(async () => {
  await cloud.close();
  await sandbox.close();
});
afterEach(async () => {
  await admin('DELETE', '/faults');
  await admin('PUT', '/latencies', { factor: 0 });
  await world.cleanUp();
});

const admin = async (method: string, path: string, body?: FaultRule | Partial<Latencies>): Promise<void> => {
  const answer = await fetch(`${sandbox.adminUrl}${path}`, {
    method,
    ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
};

async function newWorld(): Promise<World> {
  world = new World(session, await session.projectId(), 5);
  return world;
}
const propertiesOf = (type: string): Promise<Record<string, unknown>> => {
  const one = contractCases.find((candidate) => candidate.type === type);
  assert.ok(one);
  return one.properties(world);
};

it('a server in ERROR is told in the words of Nova, and can be removed', async () => {
  await newWorld();
  const server = typeNamed('OS::Nova::Server');
  const properties = server.properties.parse(await propertiesOf('OS::Nova::Server'));
  const ctx = world.context('server');
  await admin('POST', '/faults', {
    service: 'compute',
    method: 'POST',
    path: '^/servers$',
    kind: 'outcome',
    outcome: 'error',
    reason: 'No valid host was found.',
  });
  const id = await server.create(ctx, properties);
  assert.ok(typeof id === 'string');
  await assert.rejects(
    world.ready(server, ctx, id, properties),
    (error) => error instanceof ResourceInError && /No valid host was found/.test(error.message),
  );
  assert.equal(await server.find(ctx, properties), id, 'it is still ours to remove');
  await world.remove(server, ctx, id);
});

it('a server that somebody deletes while it is made has failed', async () => {
  await newWorld();
  const server = typeNamed('OS::Nova::Server');
  const made = await world.make('OS::Nova::Server', await propertiesOf('OS::Nova::Server'));
  await session.compute.servers.delete(made.id);
  await world.until(async () => (await session.compute.servers.list({ name: made.ctx.physicalName })).length === 0);
  await assert.rejects(
    async () => server.poll(made.ctx, made.id, made.properties),
    (error) => error instanceof ResourceInError,
  );
});

it('user data that Nova would refuse is refused before any call', async () => {
  await newWorld();
  const server = typeNamed('OS::Nova::Server');
  const properties = server.properties.parse({ flavor: 'f', image: 'i', user_data: 'x'.repeat(50_000) });
  const before = calls;
  await assert.rejects(
    async () => server.create(world.context('server'), properties),
    (error) => error instanceof InvalidInput && error.code === 'user-data-too-large',
  );
  assert.equal(calls, before);
});

it('a load balancer at work means later, and a taken port means no', async () => {
  await newWorld();
  const listener = typeNamed('OS::Octavia::Listener');
  const given = await propertiesOf('OS::Octavia::Listener');
  await admin('PUT', '/latencies', { factor: 1, loadBalancerChangeMs: 300 });
  const first = listener.create(world.context('listener'), listener.properties.parse(given));
  const id = await first;
  assert.ok(typeof id === 'string');
  const busy = listener.create(world.context('listener'), listener.properties.parse({ ...given, protocol_port: 80 }));
  await assert.rejects(busy, (error) => error instanceof Transient && /immutable/.test(error.message));
  await admin('PUT', '/latencies', { factor: 0 });
  const ctx = world.context('listener');
  await world.until(async () => (await listener.poll(ctx, id, given)) !== 'pending');
  const taken = listener.create(ctx, listener.properties.parse(given));
  await assert.rejects(taken, (error) => !(error instanceof Transient));
  await world.remove(listener, ctx, id);
});

it('parts of a load balancer in ERROR go with it', async () => {
  await newWorld();
  const member = await world.make('OS::Octavia::PoolMember', await propertiesOf('OS::Octavia::PoolMember'));
  const [loadBalancer] = await session.loadBalancer.loadBalancers.list();
  assert.ok(loadBalancer);
  const patch = { method: 'PATCH', body: JSON.stringify({ provisioning_status: 'ERROR' }) };
  const answer = await fetch(`${sandbox.adminUrl}/objects/loadbalancers/${loadBalancer.id}`, {
    ...patch,
    headers: { 'content-type': 'application/json' },
  });
  assert.ok(answer.ok, await answer.text());
  await member.type.remove(member.ctx, member.id);
  assert.equal(await member.type.gone?.(member.ctx, member.id), true);
});

it('a network in use is removed later, with the words of Neutron until then', async () => {
  await newWorld();
  const net = await world.make('OS::Neutron::Net', {});
  await world.make('OS::Neutron::Subnet', { network: net.id, cidr: '10.79.0.0/24' });
  await world.make('OS::Neutron::Port', { network: net.id });
  await assert.rejects(
    net.type.remove(net.ctx, net.id),
    (error) => error instanceof Transient && /network: .*in use/i.test(error.message),
  );
});
