import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostileStrings } from '../test/hostile.js';
import { checkNodeTexts, type NodeTexts } from './check-texts.js';

const NOTHING: NodeTexts = { httpProxy: null, httpsProxy: null, noProxy: null, insecureRegistry: null };
const FIELDS = { httpProxy: 'http_proxy', httpsProxy: 'https_proxy', noProxy: 'no_proxy', insecureRegistry: 'insecure_registry' };

test('texts of a template that fit are taken, and absent ones', () => {
  checkNodeTexts(NOTHING);
  checkNodeTexts({
    httpProxy: 'http://u:p@proxy.example:3128',
    httpsProxy: '',
    noProxy: 'example.org, 10.0.0.0/8',
    insecureRegistry: '10.0.0.9:5000',
  });
});

for (const [key, field] of Object.entries(FIELDS)) {
  test(`hostile text in ${field} is refused before anything is made`, () => {
    const hostile = hostileStrings(3000).filter((text) => /[\s"'`$(){}<>|;\\]/.test(text.trim()));
    assert.ok(hostile.length > 2000);
    for (const text of hostile)
      assert.throws(() => checkNodeTexts({ ...NOTHING, [key]: text }), { code: 'invalid-value', fields: { field } }, text);
  });
}
