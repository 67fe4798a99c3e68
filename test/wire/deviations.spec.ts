import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { explain, loadDeviations, type Deviation } from './deviations.js';
import { loadScript } from './script.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const pages = join(root, 'docs/wire');

const deviation = (fields: Partial<Deviation>): Deviation => ({
  id: 'one',
  page: 'clusters',
  requests: ['*'],
  part: ['*'],
  magnum: undefined,
  ours: undefined,
  reason: 'it is so',
  ...fields,
});

describe('deviations', () => {
  it('explain by request, part and both values, with * for anything', () => {
    const found = { request: 'clusters/read: show', part: 'body $.a', magnum: '500 Boom.', ours: '400 Bad.' };
    const fits = (fields: Partial<Deviation>): boolean => explain(found, [deviation(fields)]) !== undefined;
    assert.ok(fits({}));
    assert.ok(fits({ requests: ['x', 'clusters/*'], part: ['body $.*'], magnum: '500*', ours: '400 Bad.' }));
    assert.ok(!fits({ requests: ['quotas/*'] }));
    assert.ok(!fits({ part: ['body $.b'] }));
    assert.ok(!fits({ magnum: '500' }));
    assert.ok(!fits({ ours: '400 Bad' }));
  });

  it('are each on a page, and every id on a page is one', () => {
    const known = loadDeviations(join(pages, 'deviations.yaml'));
    for (const { id, page } of known) {
      assert.match(
        readFileSync(join(pages, `${page}.md`), 'utf8'),
        new RegExp(`\\| .*\`${id}\`.* \\|$`, 'm'),
        `${page}.md has no line of ${id}`,
      );
    }
    for (const file of readdirSync(pages).filter((name) => name.endsWith('.md') && name !== 'README.md')) {
      const table = readFileSync(join(pages, file), 'utf8').split('## Other than Magnum')[1] ?? '';
      const held = table.split('\n').flatMap((line) => (line.split(' | ').at(-1) ?? '').match(/`[a-z0-9-]+`/g) ?? []);
      for (const id of held)
        assert.ok(
          known.some((one) => `\`${one.id}\`` === id && `${one.page}.md` === file),
          `${file}: ${id} is no entry`,
        );
    }
  });
});

describe('the script of the comparison', () => {
  it('can be read, and has more than 200 requests', () => {
    assert.ok(loadScript(join(root, 'test/wire/requests')).length > 200);
  });
});
