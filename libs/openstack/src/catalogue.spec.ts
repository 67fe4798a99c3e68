import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogueSchema, endpointOf, identityUrl } from './catalogue.js';

const entry = (type: string, url: string, more: object = {}): object => ({
  type,
  endpoints: [{ interface: 'public', url, region: 'one', region_id: 'one', ...more }],
});
const at = (catalogue: object[], service: Parameters<typeof endpointOf>[1], region?: string): string | null =>
  endpointOf(catalogueSchema.parse(catalogue), service, { interface: 'public', region, projectId: 'p1' });

const urls: [type: string, url: string, service: Parameters<typeof endpointOf>[1], expected: string][] = [
  ['compute', 'http://c:8774/v2.1', 'compute', 'http://c:8774/v2.1'],
  ['compute', 'http://c/compute/v2.1/p1/', 'compute', 'http://c/compute/v2.1/p1'],
  ['compute', 'http://c/compute', 'compute', 'http://c/compute/v2.1'],
  ['network', 'http://n:9696', 'network', 'http://n:9696/v2.0'],
  ['network', 'http://n:9696/v2.0/', 'network', 'http://n:9696/v2.0'],
  ['image', 'https://v2.example.com', 'image', 'https://v2.example.com/v2'],
  ['load-balancer', 'http://o:9876', 'load-balancer', 'http://o:9876/v2.0'],
  ['volumev3', 'http://b:8776/v3/p1', 'volume', 'http://b:8776/v3/p1'],
  ['block-storage', 'http://b:8776/v3', 'volume', 'http://b:8776/v3/p1'],
  ['block-storage', 'http://b:8776', 'volume', 'http://b:8776/v3/p1'],
  ['orchestration', 'http://h:8004/v1/p1', 'orchestration', 'http://h:8004/v1/p1'],
  ['orchestration', 'http://h/heat-api', 'orchestration', 'http://h/heat-api/v1/p1'],
];
for (const [type, url, service, expected] of urls) {
  test(`${url} of ${type} is ${expected}`, () => assert.equal(at([entry(type, url)], service), expected));
}

test('the region and the interface choose; the official type goes first', () => {
  const catalogue = [
    entry('volumev3', 'http://old/v3/p1'),
    entry('block-storage', 'http://new/v3/p1'),
    { type: 'compute', endpoints: [{ interface: 'internal', url: 'http://i/v2.1', region_id: 'one' }] },
    entry('network', 'http://two', { region: 'two', region_id: 'two' }),
  ];
  assert.equal(at(catalogue, 'volume'), 'http://new/v3/p1');
  assert.equal(at(catalogue, 'compute'), null);
  assert.equal(at(catalogue, 'network', 'one'), null);
  assert.equal(at(catalogue, 'network', 'two'), 'http://two/v2.0');
});

test('the identity URL is told with and without version', () => {
  for (const url of ['http://k:5000', 'http://k:5000/', 'http://k:5000/v3', 'http://k:5000/v3/', 'http://k:5000/v2.0']) {
    assert.equal(identityUrl(url), 'http://k:5000/v3');
  }
});
