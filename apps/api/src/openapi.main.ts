import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { API_CONTROLLERS } from './api.module.js';
import { describeRoutes, type Controller } from './http/completeness.js';
import { buildDocument } from './openapi/document.js';
import { Policy } from './policy/policy.js';

/** Writes docs/openapi.json; with `--check` only looks whether it is what the routes say. Needs no database and no cloud. */
const path = fileURLToPath(new URL('../../../../docs/openapi.json', import.meta.url));
const routes = describeRoutes(API_CONTROLLERS as readonly Controller[], new Policy());
const text = `${JSON.stringify(buildDocument(routes), null, 2)}\n`;

if (process.argv.includes('--check')) {
  if (readFileSync(path, 'utf8') !== text) {
    console.error('docs/openapi.json is not what the routes say: run `npm run openapi`');
    process.exit(1);
  }
} else {
  writeFileSync(path, text);
  console.log(`wrote ${routes.length} routes to ${path}`);
}
