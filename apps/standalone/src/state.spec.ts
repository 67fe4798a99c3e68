import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { quote } from './shell.js';
import { StateFolder } from './state.js';

describe('the state folder', () => {
  let parent: string;
  beforeEach(() => (parent = mkdtempSync(join(tmpdir(), 'jeroboam-state-'))));
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  it('is gone after a reset', () => {
    const state = new StateFolder(join(parent, 'state'));
    state.prepare();
    state.secrets();
    assert.deepEqual(state.remove(), []);
    assert.equal(existsSync(state.path), false);
  });

  it('is left with what is not ours', () => {
    const state = new StateFolder(parent);
    state.prepare();
    state.secrets();
    writeFileSync(join(parent, 'thesis.tex'), 'years of work');
    assert.deepEqual(state.remove(), ['thesis.tex']);
    assert.deepEqual(readdirSync(parent), ['thesis.tex']);
  });

  it('says why it cannot be made', () => {
    const file = join(parent, 'file');
    writeFileSync(file, '');
    assert.throws(() => new StateFolder(join(file, 'state')).prepare(), {
      message: `no state folder at ${join(file, 'state')}: a file is in the way; JEROBOAM_HOME names another place`,
    });
  });

  it('is named in a way that a shell reads', () => {
    assert.equal(quote('/home/me/.jeroboam/clouds.yaml'), '/home/me/.jeroboam/clouds.yaml');
    assert.equal(quote("/home/o'neil & co/x"), "'/home/o'\\''neil & co/x'");
  });
});
