import assert from 'node:assert/strict';
import { it } from 'node:test';
import { RouteTable } from './route-table.js';

it('knows the methods of a path, its parameters and trailing slashes', () => {
  const table = new RouteTable();
  table.add(['GET', 'HEAD'], '/v1/clusters');
  table.add(['POST'], '/v1/clusters');
  table.add(['GET'], '/v1/clusters/:id');
  table.add(['GET'], '/');
  assert.deepEqual(table.methodsOf('/v1/clusters?limit=1'), ['GET', 'POST']);
  assert.deepEqual(table.methodsOf('/v1/clusters/'), ['GET', 'POST']);
  assert.deepEqual(table.methodsOf('/v1/clusters/k1'), ['GET']);
  assert.deepEqual(table.methodsOf('/v1/clusters/k1/x'), []);
  assert.deepEqual(table.methodsOf('/'), ['GET']);
});
