import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasBootSector } from './tools.js';

test('a raw disk has a boot sector; another file is none', () => {
  const dir = mkdtempSync(join(tmpdir(), 'jeroboam-disks-'));
  try {
    const disk = Buffer.alloc(4096);
    disk.writeUInt16BE(0x55aa, 510);
    for (const [name, content, is] of [
      ['disk', disk, true],
      ['zeros', Buffer.alloc(4096), false],
      ['text', 'not a disk'.repeat(100), false],
      ['short', 'x', false],
    ] as const) {
      writeFileSync(join(dir, name), content);
      assert.equal(hasBootSector(join(dir, name)), is, name);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});
