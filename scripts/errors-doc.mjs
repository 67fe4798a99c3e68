/** `npm run errors-doc`: writes docs/errors.md from the catalogue of errors; with `--check` only looks whether it is that. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensure, root } from './ensure.mjs';

ensure();
const { ERROR_CODES, errorsPage } = await import(join(root, 'dist/libs/domain/src/index.js'));
const path = join(root, 'docs/errors.md');
if (!process.argv.includes('--check')) {
  writeFileSync(path, errorsPage());
  console.log(`wrote ${ERROR_CODES.length} codes to ${path}`);
} else if (readFileSync(path, 'utf8') !== errorsPage()) {
  console.error('docs/errors.md is not what the catalogue says: run `npm run errors-doc`');
  process.exit(1);
}
