/** `npm run test:tempest [-- --out FILE]`: Debian's magnum-tempest-plugin against Jeroboam on the bench (docs/testing.md). */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensure, root } from './ensure.mjs';

ensure();
const program = join(root, 'dist/test/tempest/tempest.js');
const { status } = spawnSync(process.execPath, ['--enable-source-maps', program, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? 1);
