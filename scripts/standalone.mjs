/** `npm run demo | start | reset`: installs and compiles what is missing, then runs apps/standalone. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensure, root } from './ensure.mjs';

ensure();
await import(pathToFileURL(join(root, 'dist/apps/standalone/src/main.js')).href);
