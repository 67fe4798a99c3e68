import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cloudWords } from './cloud-words.js';

const cases: [name: string, body: string, words: string, fault?: string][] = [
  ['nova', '{"badRequest":{"code":400,"message":"Invalid imageRef provided."}}', 'Invalid imageRef provided.', 'badRequest'],
  [
    'neutron',
    '{"NeutronError":{"type":"OverQuota","message":"Quota exceeded for resources: [\'port\'].","detail":""}}',
    "Quota exceeded for resources: ['port'].",
    'OverQuota',
  ],
  ['neutron of old', '{"NeutronError":"it broke"}', 'it broke'],
  [
    'octavia',
    '{"faultcode":"Client","faultstring":"Load Balancer 1 is immutable","debuginfo":null}',
    'Load Balancer 1 is immutable',
  ],
  [
    'keystone',
    '{"error":{"code":401,"message":"The request you have made requires authentication.","title":"Unauthorized"}}',
    'The request you have made requires authentication.',
    'error',
  ],
  [
    'heat',
    '{"code":404,"title":"Not Found","explanation":"gone","error":{"type":"EntityNotFound","message":"The Stack (x) could not be found."}}',
    'The Stack (x) could not be found.',
    'EntityNotFound',
  ],
  ['heat without a message', '{"code":500,"title":"Error","explanation":"it broke","error":{"type":"RemoteError"}}', 'it broke'],
  [
    'placement',
    '{"errors":[{"status":409,"title":"Conflict","detail":"no room","code":"placement.conflict"}]}',
    'no room',
    'placement.conflict',
  ],
  [
    'glance HTML',
    '<html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  <h1>404 Not Found</h1>\n  No image &quot;x&quot; found<br /><br />\n </body>\n</html>',
    '404 Not Found No image "x" found',
  ],
  ['plain text', 'upstream connect error\n', 'upstream connect error'],
  ['nothing', '', ''],
  ['a list', '[1,2]', ''],
  [
    'a token in it',
    '{"error":{"message":"Could not find token gAAAAABmZZZZZZZZZZZZZZZZZZZZZZZZZ_-x"}}',
    'Could not find token ***',
    'error',
  ],
];

for (const [name, body, words, fault] of cases) {
  test(`the words of ${name}`, () => {
    assert.deepEqual(
      cloudWords(body),
      fault ? { words, fault } : { words, ...('fault' in cloudWords(body) ? { fault: undefined } : {}) },
    );
  });
}

test('long words are cut', () => {
  assert.equal(cloudWords('x'.repeat(9000)).words.length, 500);
});
