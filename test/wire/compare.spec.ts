import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compare } from './compare.js';
import type { Answer } from './side.js';

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  headers,
  text: body === undefined ? '' : JSON.stringify(body),
});
const names = (base: string, saved: Record<string, string> = {}): { base: string; saved: Map<string, string> } => ({
  base,
  saved: new Map(Object.entries(saved)),
});
const left = names('http://a:1', { c1: 'cluster-of-magnum' });
const right = names('http://b:2', { c1: 'cluster-of-ours' });
const error = (detail: string, title = detail.split('.', 1)[0]): object => ({ errors: [{ status: 400, title, detail }] });

describe('two answers to one request', () => {
  it('are the same when only ids, times, hosts and generated names differ', () => {
    const body = (base: string, id: string, uuid: string, name: string): object => ({
      links: [{ href: `${base}/v1/clusters/${id}` }],
      uuid,
      name,
      created_at: '2026-11-20T20:27:12+00:00',
    });
    const magnum = answer(200, body('http://a:1', 'cluster-of-magnum', '6f7e3c0e-0000-4000-8000-000000000000', 'chi-3-cluster'));
    const ours = answer(200, body('http://b:2', 'cluster-of-ours', '11111111-2222-4333-8444-555555555555', 'mu-21-cluster'));
    assert.deepEqual(compare(magnum, ours, left, right), []);
  });

  it('differ in one part for the whole answer where the statuses differ', () => {
    assert.deepEqual(compare(answer(500, error('Boom.')), answer(400, error('Bad.')), left, right), [
      { part: 'answer', magnum: '500 Boom.', ours: '400 Bad.' },
    ]);
  });

  it('differ by key, by type and by value', () => {
    const found = compare(answer(200, { a: 1, b: '2', c: null }), answer(200, { a: 1, b: 2, d: [] }), left, right);
    assert.deepEqual(found, [
      { part: 'body $.b', magnum: '"2"', ours: '2' },
      { part: 'body $.c', magnum: 'null', ours: '(none)' },
      { part: 'body $.d', magnum: '(none)', ours: '[]' },
    ]);
  });

  it('differ once for what differs in the same way in every item of a list', () => {
    const list = (value: unknown): object => ({ items: [{ a: value }, { a: value }] });
    assert.deepEqual(compare(answer(200, list(1)), answer(200, list(2)), left, right), [
      { part: 'body $.items[].a', magnum: '1', ours: '2' },
    ]);
  });

  it('tell a text that differs once, not again in the title that is cut from it', () => {
    const found = compare(answer(400, error('One. More.')), answer(400, error('Two. More.')), left, right);
    assert.deepEqual(
      found.map(({ part }) => part),
      ['body $.errors[].detail'],
    );
    const ours = error('Two 1.2. More.', 'Two 1.2');
    assert.deepEqual(
      compare(answer(400, error('One 1.2. More.')), answer(400, ours), left, right).map(({ part }) => part),
      ['body $.errors[].detail'],
    );
  });

  it('tell a title that is cut elsewhere from the same text', () => {
    const found = compare(answer(404, error('No k1.json.')), answer(404, error('No k1.json.', 'No k1.json')), left, right);
    assert.deepEqual(found, [{ part: 'body $.errors[].title', magnum: '"No k1"', ours: '"No k1.json"' }]);
  });

  it('are the same when only the order of words differs that upstream leaves to chance', () => {
    const words = (list: string): Answer => answer(400, error(`Invalid input. Value should be one of: ${list}`));
    assert.deepEqual(compare(words('a, b, c'), words('c, a, b'), left, right), []);
  });

  it('differ in headers that one has alone, and in their values, but not in those of the connection', () => {
    const magnum = answer(200, {}, { vary: 'A', date: 'today', allow: 'GET, POST' });
    const ours = answer(200, {}, { 'x-ours': '1', vary: 'B', allow: 'POST, GET', 'keep-alive': 'timeout=5' });
    assert.deepEqual(compare(magnum, ours, left, right), [
      { part: 'header vary', magnum: 'A', ours: 'B' },
      { part: 'header x-ours', magnum: '(none)', ours: '1' },
    ]);
  });
});
