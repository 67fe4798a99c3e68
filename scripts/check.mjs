/** `npm run check`: format, lint, types, import rules and cycles, the OpenAPI document, pure specs. Says what failed; fixes with `npm run format`. */
import { spawnSync } from 'node:child_process';
import { ensure, root } from './ensure.mjs';

ensure();
const steps = [
  ['format', 'prettier', ['--check', '--log-level=warn', '.']],
  ['lint', 'oxlint', ['--type-aware']],
  ['types', process.execPath, ['node_modules/typescript7/bin/tsc', '-p', 'tsconfig.json', '--noEmit']],
  ['imports', 'depcruise', ['--config', '.dependency-cruiser.cjs', 'apps', 'libs', 'migrations']],
  ['openapi', process.execPath, ['dist/apps/api/src/openapi.main.js', '--check']],
  ['errors', process.execPath, ['scripts/errors-doc.mjs', '--check']],
  ['openapi-lint', process.execPath, ['scripts/lint-openapi.mjs']],
  ['units', process.execPath, ['scripts/test.mjs', '--unit']],
];
const only = process.argv.slice(2);
const failed = [];
for (const [name, command, args] of steps) {
  if (only.length > 0 && !only.includes(name)) continue;
  console.log(`== ${name}`);
  const result = spawnSync(command.startsWith('/') ? command : `${root}/node_modules/.bin/${command}`, args, {
    cwd: root,
    stdio: 'inherit',
  });
  if (result.status !== 0) failed.push(name);
}
console.log(failed.length > 0 ? `failed: ${failed.join(', ')}` : 'all checks passed');
process.exit(failed.length > 0 ? 1 : 0);
