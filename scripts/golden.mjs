/**
 * `npm run golden`: compares the API's whole answers with apps/api/test/golden/*.json. `-- --update` writes them anew, and the
 * examples of the OpenAPI document with them: review the diff.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensure, root } from './ensure.mjs';

ensure();
const update = process.argv.includes('--update');
const env = { ...process.env, ...(update ? { GOLDEN_UPDATE: '1' } : {}) };
const run = (file, ...args) =>
  spawnSync(process.execPath, [join(root, file), ...args], { cwd: root, env, stdio: 'inherit' }).status ?? 1;
const failed = run('scripts/test.mjs', 'golden/golden.int-spec');
process.exit(failed || (update ? run('dist/apps/api/src/openapi.main.js') : 0));
