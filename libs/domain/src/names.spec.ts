import assert from 'node:assert/strict';
import { it } from 'node:test';
import { generateName } from './names.js';

it('names what has no name after a Greek letter and a number from 1 to 24', () => {
  assert.equal(
    generateName('cluster', () => 0),
    'alpha-1-cluster',
  );
  assert.equal(
    generateName('template', (below) => below - 1),
    'omega-24-template',
  );
  assert.match(generateName('cluster'), /^[a-z]+-([1-9]|1\d|2[0-4])-cluster$/);
});
