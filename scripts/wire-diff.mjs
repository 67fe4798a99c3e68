/** `npm run wire-diff [-- --out FILE]`: the same requests to the bench's Magnum and to Jeroboam (docs/wire/README.md). */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensure, root } from './ensure.mjs';

ensure();
const program = join(root, 'dist/test/wire/wire-diff.js');
const { status } = spawnSync(process.execPath, ['--enable-source-maps', program, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? 1);
