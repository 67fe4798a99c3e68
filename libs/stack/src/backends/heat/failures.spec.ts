import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isForbidden, isQuota, isUnauthorized } from '#libs/openstack';
import { ResourceInError } from '../../errors.js';
import { causeOf, heatWords } from './failures.js';
import { physicalIdOf } from './physical-ids.js';

test('Heat’s words, without the name that is told already', () => {
  assert.equal(
    heatWords('ResourceInError: resources.master-0: Went to status ERROR due to "No valid host was found."'),
    'ResourceInError: Went to status ERROR due to "No valid host was found."',
  );
  assert.equal(heatWords(''), 'Heat does not say why');
});

const causes: [words: string, is: (cause: unknown) => boolean][] = [
  ["OverQuotaClient: Quota exceeded for resources: ['port'].", isQuota],
  ['Forbidden: Quota exceeded for cores: Requested 4 (HTTP 403) (Request-ID: req-1)', isQuota],
  ['Unauthorized: The request you have made requires authentication. (HTTP 401)', isUnauthorized],
  ['OS::Nova::Server k1-master-0: Forbidden: Policy does not allow this (HTTP 403)', isForbidden],
  ['ResourceInError: Went to status ERROR due to "Unknown"', (cause) => cause instanceof ResourceInError],
];
for (const [words, is] of causes) test(`told from its words: ${words}`, () => assert.ok(is(causeOf(words))));

test('ids are as our own types have them', () => {
  assert.equal(physicalIdOf('OS::Neutron::Net', 'n', {}), 'n');
  assert.equal(physicalIdOf('OS::Neutron::FloatingIPAssociation', '17', { floatingip_id: 'f', port_id: 'p' }), 'f:p');
  assert.equal(physicalIdOf('OS::Cinder::VolumeAttachment', 'v', { instance_uuid: 's', volume_id: 'v' }), 's/v');
  assert.equal(physicalIdOf('OS::Octavia::PoolMember', 'm', { pool: 'l' }), 'l/m');
});
