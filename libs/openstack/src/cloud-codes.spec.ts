import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '#libs/domain';
import { codeOfAnswer, codeOfFault } from './cloud-codes.js';
import { cloudWords } from './cloud-words.js';
import type { ServiceName } from './errors.js';

const ID = '11111111-1111-1111-1111-111111111111';
const neutron = (type: string, message: string): object => ({ NeutronError: { type, message, detail: '' } });
const nova = (name: string, code: number, message: string): object => ({ [name]: { code, message } });
const octavia = (faultstring: string): object => ({ faultcode: 'Client', faultstring, debuginfo: null });

type Case = [service: ServiceName, path: string, status: number, body: unknown, code: ErrorCode];

/** Bodies as real services sent them: Nova, Neutron, Cinder, Glance, Keystone and Octavia of one release, provoked one by one. */
const ANSWERS: readonly Case[] = [
  ['network', '/networks', 409, neutron('OverQuota', "Quota exceeded for resources: ['network']."), 'quota-exceeded-in-cloud'],
  [
    'compute',
    '/servers',
    403,
    nova('forbidden', 403, 'Quota exceeded for cores, instances: Requested 1, 1, but already used 0, 0 of 0, 0 cores, instances'),
    'quota-exceeded-in-cloud',
  ],
  [
    'compute',
    '/os-server-groups',
    403,
    nova('forbidden', 403, 'Quota exceeded, too many server groups.'),
    'quota-exceeded-in-cloud',
  ],
  [
    'volume',
    '/volumes',
    413,
    nova(
      'overLimit',
      413,
      'VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested 1G, quota is 0G and 0G has been consumed.',
    ),
    'quota-exceeded-in-cloud',
  ],
  [
    'load-balancer',
    '/lbaas/loadbalancers',
    403,
    octavia('Quota has been met for resources: Load Balancer'),
    'quota-exceeded-in-cloud',
  ],

  [
    'network',
    '/ports',
    409,
    neutron('IpAddressGenerationFailure', `No more IP addresses available on network ${ID}.`),
    'addresses-exhausted',
  ],
  [
    'network',
    '/floatingips',
    409,
    neutron('IpAddressGenerationFailure', `No more IP addresses available on network ${ID}.`),
    'floating-ip-pool-exhausted',
  ],
  [
    'network',
    '/routers/{id}',
    409,
    neutron('IpAddressGenerationFailure', `No more IP addresses available on network ${ID}.`),
    'floating-ip-pool-exhausted',
  ],
  [
    'network',
    '/subnets',
    400,
    neutron(
      'InvalidInput',
      `Invalid input for operation: Requested subnet with cidr: 10.99.0.0/29 for network: ${ID} overlaps with another subnet.`,
    ),
    'subnet-overlaps',
  ],
  [
    'network',
    '/routers/{id}/add_router_interface',
    400,
    neutron(
      'BadRequest',
      `Bad router request: Cidr 10.99.0.0/29 of subnet ${ID} overlaps with cidr 10.99.0.0/30 of subnet ${ID}.`,
    ),
    'subnet-overlaps',
  ],
  ['network', '/ports', 404, neutron('NetworkNotFound', `Network ${ID} could not be found.`), 'network-not-found'],
  [
    'network',
    '/floatingips',
    400,
    neutron('BadRequest', `Bad floatingip request: Network ${ID} is not a valid external network.`),
    'network-not-found',
  ],
  [
    'network',
    '/subnets/{id}',
    409,
    neutron(
      'SubnetInUse',
      `Unable to complete operation on subnet ${ID}: One or more ports have an IP allocation from this subnet.`,
    ),
    'cloud-conflict',
  ],
  ['network', '/networks', 403, neutron('PolicyNotAuthorized', 'rule:create_network is disallowed by policy'), 'cloud-forbidden'],

  ['compute', '/servers', 400, nova('badRequest', 400, 'Can not find requested image'), 'image-not-found'],
  ['compute', '/servers', 400, nova('badRequest', 400, `Image ${ID} is not active.`), 'image-unusable'],
  ['compute', '/servers', 400, nova('badRequest', 400, "Flavor's memory is too small for requested image."), 'image-unusable'],
  ['compute', '/servers', 400, nova('badRequest', 400, `Flavor ${ID} could not be found.`), 'flavor-not-found'],
  [
    'compute',
    '/servers',
    400,
    nova('badRequest', 400, 'The requested availability zone is not available'),
    'availability-zone-not-found',
  ],
  ['compute', '/servers', 400, nova('badRequest', 400, 'Invalid key_name provided.'), 'keypair-not-found'],
  ['compute', '/servers', 400, nova('badRequest', 400, `Network ${ID} could not be found.`), 'network-not-found'],
  ['compute', '/servers', 400, nova('badRequest', 400, `Port id ${ID} could not be found.`), 'cloud-object-missing'],
  ['compute', '/servers', 400, nova('badRequest', 400, `Instance group ${ID} could not be found.`), 'cloud-object-missing'],
  [
    'compute',
    '/servers',
    400,
    nova('badRequest', 400, `Block Device Mapping is Invalid: failed to get volume ${ID}.`),
    'cloud-object-missing',
  ],
  [
    'compute',
    '/servers',
    403,
    nova('forbidden', 403, "Policy doesn't allow os_compute_api:servers:create to be performed."),
    'cloud-forbidden',
  ],
  [
    'compute',
    '/servers',
    406,
    nova('computeFault', 406, 'Version 2.999 is not supported by the API. Minimum is 2.1 and maximum is 2.100.'),
    'cloud-too-old',
  ],
  ['volume', '/volumes', 400, nova('badRequest', 400, "Availability zone 'nowhere' is invalid."), 'availability-zone-not-found'],
  [
    'volume',
    '/volumes',
    404,
    nova('itemNotFound', 404, 'Volume type with name nope could not be found.'),
    'cloud-object-missing',
  ],
  ['image', '/images/{id}', 404, `404 Not Found\n\nNo image found with ID ${ID}\n\n   `, 'image-not-found'],
  ['load-balancer', '/lbaas/loadbalancers', 400, octavia("Provider 'nope' is not enabled."), 'load-balancer-unsupported'],
  ['load-balancer', '/lbaas/loadbalancers', 400, octavia(`Subnet ${ID} not found.`), 'network-not-found'],
  ['load-balancer', '/lbaas/loadbalancers/{id}', 404, octavia(`Load Balancer ${ID} not found.`), 'cloud-object-missing'],
  [
    'identity',
    '/auth/tokens',
    401,
    { error: { code: 401, message: 'The request you have made requires authentication.', title: 'Unauthorized' } },
    'cloud-refused-credentials',
  ],
  [
    'identity',
    '/OS-TRUST/trusts',
    403,
    { error: { code: 403, message: 'You are not authorized to perform the requested action: identity:create_trust.' } },
    'cloud-forbidden',
  ],
  [
    'compute',
    '/servers',
    429,
    { overLimit: { code: 413, message: 'Quota exceeded? No: too many requests.' } },
    'cloud-rate-limited',
  ],
  ['compute', '/servers', 503, '<html><body>No server is available to handle this request.</body></html>', 'cloud-failing'],
  ['compute', '/servers', 302, '', 'cloud-malformed-answer'],
];

describe('what an answer of the cloud means', () => {
  for (const [service, path, httpStatus, body, code] of ANSWERS) {
    const { words, fault } = cloudWords(typeof body === 'string' ? body : JSON.stringify(body));
    it(`${service} ${path} ${httpStatus} ${words.slice(0, 60)}: ${code}`, () =>
      assert.equal(codeOfAnswer({ service, path, httpStatus, words, fault }), code));
  }

  it('is unreachable when there is none', () => {
    assert.equal(
      codeOfAnswer({ service: 'compute', httpStatus: null, words: 'no answer within the time allowed' }),
      'cloud-unreachable',
    );
  });
});

describe('why an object was given up', () => {
  const cases: [string, ErrorCode | undefined][] = [
    ['No valid host was found. ', 'no-valid-host'],
    [
      `Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for instance ${ID}.`,
      'no-valid-host',
    ],
    [
      `Build of instance ${ID} aborted: Binding failed for port ${ID}, please check neutron logs for more information.`,
      'port-binding-failed',
    ],
    [`Build of instance ${ID} aborted: Failed to allocate the network(s), not rescheduling.`, undefined],
    [
      `Build of instance ${ID} was re-scheduled: Insufficient compute resources: Free memory 1 MB < requested 2 MB.`,
      'no-valid-host',
    ],
    ["Quota exceeded for resources: ['port'].", 'quota-exceeded-in-cloud'],
    [
      'Resource CREATE failed: ResourceInError: resources.master: Went to status ERROR due to "Message: No valid host was found. , Code: 500"',
      'no-valid-host',
    ],
  ];
  for (const [words, code] of cases)
    it(`${words.slice(0, 70)}: ${code}`, () => assert.equal(codeOfFault('compute', words), code));
});
