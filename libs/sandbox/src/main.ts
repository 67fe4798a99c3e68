import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import type { SandboxOptions } from './options.js';
import { startSandbox } from './start.js';

/**
 * The sandbox as a process of its own:
 * `node dist/libs/sandbox/src/main.js [--dir state] [--port 5000] [--clouds clouds.yaml] [--options options.json] [--no-guests]`
 * `--clouds` writes a clouds.yaml that only its owner reads; `--options` holds further SandboxOptions. Prints a line of JSON
 * with `authUrl` and `adminUrl` when it is ready (a parent that forked it gets `{ authUrl, adminUrl, clouds }` as a message).
 * Ends on SIGINT, SIGTERM, or when that parent goes.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      dir: { type: 'string' },
      port: { type: 'string' },
      clouds: { type: 'string' },
      options: { type: 'string' },
      'no-guests': { type: 'boolean', default: false },
    },
  });
  const more = values.options === undefined ? {} : (JSON.parse(readFileSync(values.options, 'utf8')) as SandboxOptions);
  const sandbox = await startSandbox({
    ...more,
    ...(values.dir === undefined ? {} : { dir: values.dir }),
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
    ...(values['no-guests'] ? { guests: false } : {}),
    log: (line) => void process.stderr.write(`${line}\n`),
  });
  const { authUrl, adminUrl, clouds } = sandbox;
  if (values.clouds !== undefined) writeFileSync(values.clouds, stringify({ clouds }), { mode: 0o600 });
  process.stdout.write(`${JSON.stringify({ authUrl, adminUrl })}\n`);
  process.send?.({ authUrl, adminUrl, clouds });
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    void sandbox.close().finally(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end);
  process.on('disconnect', end);
}

await main();
