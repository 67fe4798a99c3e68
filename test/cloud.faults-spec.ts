import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { FaultRule } from '#libs/sandbox';
import { FaultSite } from './support/fault-site.js';

interface Case {
  readonly name: string;
  readonly faults: readonly FaultRule[];
  /** The faults end after this. */
  readonly healAfterMs?: number;
  /** The reason of CREATE_FAILED; without it the create is COMPLETE, each object made once. */
  readonly fails?: RegExp;
  readonly cluster?: Record<string, unknown>;
}

const NO_HOST = 'No valid host was found. There are not enough hosts available.';
const post = (service: FaultRule['service'], path: string, rest: Omit<FaultRule, 'service' | 'method' | 'path'>): FaultRule => ({
  ...(service ? { service } : {}),
  method: 'POST',
  path: `^${path}$`,
  ...rest,
});
const WITH_LB = { master_lb_enabled: true };

const CASES: readonly Case[] = [
  {
    name: 'servers: 500, made all the same',
    faults: [post('compute', '/servers', { kind: 'status', status: 500, after: true, count: 2 })],
  },
  {
    name: 'networks, subnets, routers: 500, made all the same',
    faults: ['/networks', '/subnets', '/routers'].map((path) =>
      post('network', path, { kind: 'status', status: 500, after: true }),
    ),
  },
  {
    name: 'the line is cut after networks, subnets, routers, security groups and rules',
    faults: ['/networks', '/subnets', '/routers', '/security-groups', '/security-group-rules'].map((path) =>
      post('network', path, { kind: 'drop-after' }),
    ),
  },
  {
    name: 'the line is cut after ports and floating IPs',
    faults: ['/ports', '/floatingips'].map((path) => post('network', path, { kind: 'drop-after' })),
  },
  {
    name: 'the line is cut after the router interface and the association',
    faults: [
      { service: 'network', method: 'PUT', path: 'add_router_interface$', kind: 'drop-after' },
      { service: 'network', method: 'PUT', path: '/floatingips/:', kind: 'drop-after' },
    ],
  },
  {
    name: 'the line is cut after server groups and servers',
    faults: ['/os-server-groups', '/servers'].map((path) => post('compute', path, { kind: 'drop-after' })),
  },
  {
    name: 'the line is cut after the trustee user and the trust',
    faults: ['/users', '/OS-TRUST/trusts'].map((path) => post('identity', path, { kind: 'drop-after' })),
  },
  {
    name: 'the trustee user and the trust: 500, made all the same',
    faults: ['/users', '/OS-TRUST/trusts'].map((path) => post('identity', path, { kind: 'status', status: 500, after: true })),
  },
  {
    name: 'the line is cut before the work',
    faults: ['/networks', '/ports', '/servers', '/users'].map((path) => post(undefined, path, { kind: 'drop-before' })),
  },
  {
    name: 'load balancer and its parts: the line is cut after the work',
    faults: ['loadbalancers', 'listeners', 'pools', 'healthmonitors', 'pools/[^/]+/members'].map((path) =>
      post('load-balancer', `/lbaas/${path}`, { kind: 'drop-after' }),
    ),
    cluster: WITH_LB,
  },
  {
    name: 'servers: 429 with Retry-After',
    faults: [post('compute', '/servers', { kind: 'status', status: 429, retry_after: 1, count: 2 })],
  },
  {
    name: '429 without Retry-After on whatever comes',
    faults: [{ service: 'network', kind: 'status', status: 429, nth: 5, count: 3 }],
  },
  {
    name: 'a conflict on the router interface',
    faults: [
      {
        service: 'network',
        method: 'PUT',
        path: 'add_router_interface$',
        kind: 'status',
        status: 409,
        body: {
          NeutronError: { type: 'RouterInUse', message: 'Router is still in use: another change is under way', detail: '' },
        },
      },
    ],
    fails: /^infrastructure: OS::Neutron::RouterInterface k1-[0-9a-f]{12}-.*another change is under way/,
  },
  {
    name: 'ports: done, and never answered',
    faults: [post('network', '/ports', { kind: 'hang', after: true })],
  },
  {
    name: 'servers and the list of servers: never answered',
    faults: [
      post('compute', '/servers', { kind: 'hang' }),
      { service: 'compute', method: 'GET', path: '^/servers/detail$', kind: 'hang' },
    ],
  },
  {
    name: 'answers that cannot be read, the work done',
    faults: [
      post('network', '/networks', { kind: 'malformed' }),
      post('network', '/ports', { kind: 'malformed' }),
      post('compute', '/servers', { kind: 'malformed' }),
      post('identity', '/users', { kind: 'malformed' }),
      { service: 'compute', method: 'GET', path: '^/servers', kind: 'malformed' },
    ],
  },
  {
    name: 'a page in HTML with status 200',
    faults: ['/ports', '/networks'].map((path) =>
      post('network', path, { kind: 'status', status: 200, body: '<html>Welcome</html>' }),
    ),
  },
  {
    name: 'a fresh server is not known yet',
    faults: [{ service: 'compute', method: 'GET', path: '^/servers/:', kind: 'status', status: 404, count: 2 }],
  },
  {
    name: 'a token that is refused in the middle',
    faults: [
      { service: 'network', kind: 'status', status: 401, nth: 4 },
      { service: 'compute', kind: 'status', status: 401, nth: 3 },
    ],
  },
  {
    name: 'Keystone away for two seconds from the first call of the conductor on',
    faults: [{ service: 'identity', kind: 'status', status: 503, nth: 2, count: 0 }],
    healAfterMs: 2_000,
  },
  {
    name: 'Keystone away for two seconds while the trust is used first',
    faults: [
      {
        service: 'identity',
        method: 'POST',
        path: '^/auth/tokens$',
        body_matches: 'OS-TRUST',
        kind: 'status',
        status: 503,
        count: 0,
      },
    ],
    healAfterMs: 2_000,
  },
  {
    name: 'Neutron away for two seconds',
    faults: [{ service: 'network', kind: 'drop-before', nth: 5, count: 0 }],
    healAfterMs: 2_000,
  },
  {
    name: 'a server ends in ERROR',
    faults: [post('compute', '/servers', { kind: 'outcome', body_matches: 'worker-0', outcome: 'error', reason: NO_HOST })],
    fails: /^node-groups: OS::Nova::Server k1-[0-9a-f]{12}-worker-0: .*No valid host was found/,
  },
  {
    name: 'the load balancer ends in ERROR',
    faults: [post('load-balancer', '/lbaas/loadbalancers', { kind: 'outcome', outcome: 'error', reason: 'no amphora' })],
    cluster: WITH_LB,
    fails: /^infrastructure: OS::Octavia::LoadBalancer k1-[0-9a-f]{12}-\S+: .*provisioning status ERROR/,
  },
  {
    name: 'no quota for servers',
    faults: [
      post('compute', '/servers', {
        kind: 'status',
        status: 403,
        body: {
          forbidden: { code: 403, message: 'Quota exceeded for instances: Requested 1, but already used 10 of 10 instances' },
        },
      }),
    ],
    fails: /^node-groups: OS::Nova::Server k1-[0-9a-f]{12}-\S+: compute: Quota exceeded for instances/,
  },
  {
    name: 'no quota for floating IPs (409)',
    faults: [
      post('network', '/floatingips', {
        kind: 'status',
        status: 409,
        body: { NeutronError: { type: 'OverQuota', message: "Quota exceeded for resources: ['floatingip'].", detail: '' } },
      }),
    ],
    fails:
      /^infrastructure: OS::Neutron::FloatingIP k1-[0-9a-f]{12}-\S+: network: Quota exceeded for resources: \['floatingip'\]/,
  },
  {
    name: 'no quota for floating IPs (413)',
    faults: [
      post('network', '/floatingips', {
        kind: 'status',
        status: 413,
        body: { overLimit: { code: 413, message: 'Maximum number of floating ips exceeded', retryAfter: 0 } },
      }),
    ],
    fails: /^infrastructure: OS::Neutron::FloatingIP k1-[0-9a-f]{12}-\S+: network: Maximum number of floating ips exceeded/,
  },
  {
    name: 'no addresses left outside',
    faults: [
      post('network', '/floatingips', {
        kind: 'status',
        status: 409,
        body: {
          NeutronError: { type: 'IpAddressGenerationFailure', message: 'No more IP addresses available on network', detail: '' },
        },
      }),
    ],
    fails: /^infrastructure: OS::Neutron::FloatingIP k1-[0-9a-f]{12}-\S+: network: No more IP addresses available/,
  },
  {
    name: 'Keystone refuses the trust',
    faults: [
      post('identity', '/OS-TRUST/trusts', {
        kind: 'status',
        status: 403,
        body: { error: { code: 403, title: 'Forbidden', message: 'You are not authorized to perform the requested action.' } },
      }),
    ],
    fails: /^trust: Keystone refused the trust: .*You are not authorized/,
  },
];

/** Each case is a create on a cloud that fails in one way, and the delete after it. */
describe('a create while the cloud fails', () => {
  let on: FaultSite;
  const clean = new Map<boolean, Record<string, number>>();
  before(async () => {
    on = await FaultSite.start();
    for (const cluster of [{}, WITH_LB]) {
      const uuid = await on.create(cluster);
      assert.equal((await on.settled(uuid)).status, 'CREATE_COMPLETE');
      clean.set(cluster === WITH_LB, await on.made());
      await on.remove(uuid);
    }
  });
  afterEach(() => on.heal());
  after(() => on?.close());

  for (const one of CASES) {
    it(`${one.name}: ${one.fails ? 'says why' : 'makes everything once'}; the delete leaves nothing`, async () => {
      await on.fault(...one.faults);
      const healed = one.healAfterMs ? setTimeout(() => void on.healCloud(), one.healAfterMs) : undefined;
      const uuid = await on.create(one.cluster);
      const cluster = await on.settled(uuid);
      clearTimeout(healed);
      const struck = await on.struck();
      assert.ok(one.healAfterMs !== undefined || struck.every((count) => count > 0), `the faults have struck: ${struck.join()}`);
      if (one.fails) {
        assert.equal(cluster.status, 'CREATE_FAILED');
        assert.match(cluster.status_reason ?? '', one.fails);
      } else {
        assert.deepEqual([cluster.status, cluster.status_reason], ['CREATE_COMPLETE', null]);
        assert.deepEqual(await on.made(), clean.get(one.cluster === WITH_LB));
      }
      await on.refuseSecrets(uuid);
      await on.healCloud();
      await on.remove(uuid);
    });
  }
});
