import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { envelope } from './error.filter.js';

describe("Magnum's envelope of an error", () => {
  const cases = [
    ['Cluster k1 could not be found.', 'Cluster k1 could not be found'],
    [
      "Invalid input for field/attribute coe. Value: 'x'. Value should be one of: kubernetes",
      'Invalid input for field/attribute coe',
    ],
    ['The pod range 10.100.0.0/16 has room for 256 nodes. Ask for fewer.', 'The pod range 10.100.0.0/16 has room for 256 nodes'],
    ['Kubernetes v1.36.4 is the last', 'Kubernetes v1.36.4 is the last'],
  ] as const;
  for (const [detail, title] of cases) {
    it(`is titled "${title}"`, () => {
      assert.deepEqual(envelope(400, detail), {
        errors: [{ request_id: '', code: 'client', status: 400, title, detail, links: [] }],
      });
    });
  }
});
