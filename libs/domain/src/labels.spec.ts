import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inheritLabels, isLabelOn, labelDifference, labelsOf } from './labels.js';

describe('labels', () => {
  it('spells values as Python does', () => {
    assert.deepEqual(labelsOf({ a: true, b: false, c: 1.5, d: 3, e: 'x' }), {
      a: 'True',
      b: 'False',
      c: '1.5',
      d: '3',
      e: 'x',
    });
  });

  const parent = { a: '1', b: '2' };
  const inherited: [string, Record<string, string> | null, boolean, Record<string, string>][] = [
    ['copies the parent when nothing is given', null, false, parent],
    ['copies the parent when an empty map is given', {}, true, parent],
    ['takes exactly what is given', { c: '3' }, false, { c: '3' }],
    ['overlays when merging', { b: '9', c: '3' }, true, { a: '1', b: '9', c: '3' }],
  ];
  for (const [sentence, given, merge, expected] of inherited) {
    it(sentence, () => assert.deepEqual(inheritLabels(parent, given, merge), expected));
  }

  it('tells the difference from the parent', () => {
    assert.deepEqual(labelDifference(parent, { b: '9', c: '3' }), {
      overridden: { b: '2' },
      added: { c: '3' },
      skipped: { a: '1' },
    });
  });

  it('is not fooled by names of Object.prototype', () => {
    assert.deepEqual(labelDifference({ constructor: 'x' }, {}).skipped, { constructor: 'x' });
    assert.deepEqual(labelDifference({}, { toString: 'x' }).added, { toString: 'x' });
  });

  it('reads switches leniently', () => {
    assert.ok(isLabelOn({ a: 'True' }, 'a'));
    assert.ok(isLabelOn({ a: 'on' }, 'a'));
    assert.ok(!isLabelOn({ a: 'nope' }, 'a', true));
    assert.ok(isLabelOn({}, 'a', true));
  });
});
