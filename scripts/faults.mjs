/**
 * `npm run test:faults [-- PATTERN ...]`: the fault specs, then the sweep of every fault at every call of every operation.
 * and random schedules. With patterns only those specs, with --sweep (`npm run test:sweep`) the sweep alone, with --sweep --random
 * the schedules alone; the options are in test/sweep/sweep.main.ts and test/sweep/random/random.main.ts.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensure, root } from './ensure.mjs';

const words = process.argv.slice(2);
const sweepAlone = words.includes('--sweep');
const patterns = sweepAlone || words.some((word) => word.startsWith('--')) ? [] : words;
ensure();
const statuses = [];
if (!sweepAlone) statuses.push(run('scripts/test.mjs', ['--suite', 'faults', '--timeout', '1200', ...patterns]));
if (patterns.length === 0)
  statuses.push(
    run(
      'dist/test/sweep/sweep.main.js',
      words.filter((word) => word !== '--sweep'),
    ),
  );
process.exit(statuses.every((status) => status === 0) ? 0 : 1);

function run(program, args) {
  return spawnSync(process.execPath, ['--enable-source-maps', join(root, program), ...args], { stdio: 'inherit' }).status;
}
