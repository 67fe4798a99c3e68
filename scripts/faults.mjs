/**
 * `npm run test:faults [-- PATTERN ...]`: the fault specs, then the sweep of every fault at every call of every operation, then
 * random schedules. With patterns only those specs; `npm run test:sweep` (--sweep) leaves the specs out, --random the sweep too.
 * The options are in test/sweep/sweep.main.ts and test/sweep/random/random.main.ts; a sample of the sweep (--only, --runs) has no
 * schedules.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensure, root } from './ensure.mjs';

const NIGHTLY_SCHEDULES = '2000';

const HELP = `npm run test:faults [-- PATTERN ...]   the fault specs, or those whose path has a pattern; without one the two below, too
npm run test:sweep [-- OPTIONS]        the sweep of every fault at every call, then random schedules
npm run test:sweep -- --random [...]   random schedules alone

  --runs N      so many runs                       --seed N       another draw
  --only TEXT   one scenario, or one run of it     --out FILE     keeps the table
  --workers N   processes (2)                      --lanes N      clusters at once in each (14)
  --guests simulated|whole|both                    --whole N      so many runs with whole guests
  --nightly     all faults at all calls, 100,000 runs
  --schedules N, --lanes N, --verbose              with --random

What is checked and what was seen: docs/faults.md`;

const words = process.argv.slice(2).filter((word) => word !== '--sweep');
const specs = !process.argv.includes('--sweep');
const random = words.includes('--random');
const isSample = words.some((word) => /^--(only|runs)\b/.test(word));
const patterns = specs && !words.some((word) => word.startsWith('--')) ? words : [];
if (words.includes('--help')) {
  console.log(HELP);
  process.exit(0);
}
ensure();
const statuses = [];
if (specs) statuses.push(run('scripts/test.mjs', ['--suite', 'faults', '--timeout', '1200', ...patterns]));
if (patterns.length === 0 && !random) statuses.push(run('dist/test/sweep/sweep.main.js', words));
if (patterns.length === 0 && !isSample) statuses.push(run('dist/test/sweep/random/random.main.js', random ? words : schedules()));
process.exit(statuses.every((status) => status === 0) ? 0 : 1);

function schedules() {
  return words.includes('--nightly') ? ['--schedules', NIGHTLY_SCHEDULES] : [];
}

function run(program, args) {
  return spawnSync(process.execPath, ['--enable-source-maps', join(root, program), ...args], { stdio: 'inherit' }).status;
}
