/**
 * `node scripts/lint-openapi.mjs`: docs/openapi.json against the linter's recommended rules, each of them an error, and
 * against ours. Reads one file, asks no network.
 */
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './ensure.mjs';

/** What every call may answer, by what it takes. */
function expectedStatuses(operation) {
  if (operation.security?.length === 0) return [];
  const statuses = ['401', '403', '406', '503'];
  const places = new Set((operation.parameters ?? []).map((parameter) => parameter.in));
  if (operation.requestBody) statuses.push('400', '413', '415');
  if (places.has('query')) statuses.push('400');
  return statuses;
}

/** Every error that a call can answer stands in the document. */
const errorsDocumented = () => ({
  Operation: {
    enter(operation, { report, location, resolve }) {
      const parameters = (operation.parameters ?? []).map((one) => resolve(one).node ?? one);
      for (const status of expectedStatuses({ ...operation, parameters })) {
        if (!operation.responses?.[status]) {
          report({ message: `the answer ${status} is not described`, location: location.child('responses').key() });
        }
      }
    },
  },
});

/** Whatever has a body shows one. */
const bodiesShown = () => ({
  MediaType: {
    enter(media, { report, location }) {
      if (media.example === undefined && Object.keys(media.examples ?? {}).length === 0) {
        report({ message: 'there is no example of this body', location: location.key() });
      }
    },
  },
});

/** A microversion that is in an extension can be read in the text beside it. */
const versionsReadable = () => {
  const look = (node, { report, location }) => {
    for (const name of ['x-openstack-min-version', 'x-openstack-max-version']) {
      const version = node[name];
      if (version !== undefined && !String(node.description).includes(`microversion ${version}`)) {
        report({ message: `the description does not say microversion ${version}`, location: location.key() });
      }
    }
  };
  return { Operation: { enter: look }, Schema: { enter: look }, Parameter: { enter: look } };
};

const plugin = {
  id: 'jeroboam',
  rules: {
    oas3: { 'errors-documented': errorsDocumented, 'bodies-shown': bodiesShown, 'versions-readable': versionsReadable },
  },
};

const config = await createConfig({
  plugins: [plugin],
  extends: ['recommended-strict'],
  rules: {
    'operation-operationId-unique': 'error',
    'operation-description': 'off',
    'operation-4xx-response': 'off', // discovery and health have none; ours says what each call must have
    'no-invalid-media-type-examples': 'error',
    'no-invalid-parameter-examples': 'error',
    'no-invalid-schema-examples': 'error',
    'no-unused-components': 'error',
    'no-ambiguous-paths': 'off', // `/v1/clusters/detail` beside `/v1/clusters/{cluster}`: Magnum's own
    'path-parameters-defined': 'error',
    'tag-description': 'error',
    'operation-singular-tag': 'error',
    'jeroboam/errors-documented': 'error',
    'jeroboam/bodies-shown': 'error',
    'jeroboam/versions-readable': 'error',
  },
});

const path = join(root, 'docs/openapi.json');
const problems = await lintFromString({ source: readFileSync(path, 'utf8'), absoluteRef: path, config });
for (const { ruleId, message, location } of problems.slice(0, 50)) {
  console.error(`${ruleId}: ${location[0]?.pointer ?? ''}: ${message}`);
}
if (problems.length > 0) console.error(`docs/openapi.json: ${problems.length} problems`);
process.exit(problems.length > 0 ? 1 : 0);
