import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ERROR_AREAS, ERROR_CODES, errorEntry } from './error-catalogue.js';
import { errorsPage } from './errors-page.js';

describe('the catalogue of errors', () => {
  it('has each code once', () => {
    const all = Object.values(ERROR_AREAS).flatMap((area) => Object.keys(area));
    assert.deepEqual(
      all.filter((code, index) => all.indexOf(code) !== index),
      [],
    );
    assert.equal(all.length, ERROR_CODES.length);
  });

  it('says of each code what it is, what it means and what can be done', () => {
    for (const code of ERROR_CODES) {
      const { title, explanation, hint, statuses } = errorEntry(code);
      assert.match(code, /^[a-z]+(-[a-z]+)*$/);
      assert.match(title, /^\S.{3,59}$/, code);
      assert.match(explanation, /^\S.{20,}\.$/, code);
      assert.match(hint, /^\S.+[^.]$/, code);
      assert.deepEqual(statuses, [...new Set(statuses)].toSorted(), code);
      assert.ok(
        statuses.every((status) => status >= 400 && status <= 599),
        code,
      );
    }
  });

  it('is told in docs/errors.md', () => {
    assert.equal(readFileSync('docs/errors.md', 'utf8'), errorsPage(), 'run `npm run errors-doc`');
  });
});
