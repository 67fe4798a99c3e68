import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressAt, cidrsOverlap, parseCidr, type Cidr } from './cidr.js';

const cidr = (text: string): Cidr => parseCidr(text) ?? assert.fail(text);

test('reads ranges', () => {
  assert.deepEqual(cidr('10.0.0.0/24'), { text: '10.0.0.0/24', first: 167772160, last: 167772415, prefix: 24 });
  assert.equal(cidr('0.0.0.0/0').last, 2 ** 32 - 1);
  assert.equal(addressAt(cidr('10.254.0.0/16'), 10), '10.254.0.10');
  assert.equal(addressAt(cidr('192.168.255.0/24'), 255), '192.168.255.255');
});

test('refuses what is not one', () => {
  const bad = [
    '10.0.0.1/24',
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0.0/24/1',
    '010.0.0.0/8',
    '10.0.0/8',
    'fd00::/64',
    '',
    ' 10.0.0.0/8',
    '10.0.0.0/8\n',
    '10.0.0.0/08',
  ];
  for (const text of bad) assert.equal(parseCidr(text), null, JSON.stringify(text));
});

test('sees overlap in both directions', () => {
  assert.equal(cidrsOverlap(cidr('10.0.0.0/8'), cidr('10.100.0.0/16')), true);
  assert.equal(cidrsOverlap(cidr('10.100.0.0/16'), cidr('10.0.0.0/8')), true);
  assert.equal(cidrsOverlap(cidr('10.0.0.0/24'), cidr('10.0.1.0/24')), false);
});
