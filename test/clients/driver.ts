import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Account } from './site.js';
import { LIMIT, IMAGE, KEYPAIR } from './site.js';
import type { ClientRows, Row } from './table.js';

/** The sources that are not TypeScript; this file runs from dist/test/clients. */
export const SOURCES = join(fileURLToPath(new URL('.', import.meta.url)), '../../../test/clients');

/**
 * Runs a client written in another language. It gets what it needs in its environment and writes a JSON object in each
 * line: `{"has": [names]}` once, and a row for each call: `{"call", "covers", "result", "why"}`.
 */
export async function drive(
  rows: ClientRows,
  account: Account,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const child = spawn(command, args, {
    cwd: account.dir,
    env: {
      PATH: process.env['PATH'],
      HOME: account.dir,
      OS_CLIENT_CONFIG_FILE: account.cloudsYaml,
      CLIENT_PROJECT: account.project,
      CLIENT_IMAGE: IMAGE,
      CLIENT_KEYPAIR: KEYPAIR,
      CLIENT_LIMIT: String(LIMIT),
      PYTHONWARNINGS: 'ignore',
      // `cluster config` asks for it.
      SHELL: '/bin/sh',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-4000)));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue;
    const said = JSON.parse(line) as { has: string[] } | Omit<Row, 'client'>;
    if ('has' in said) rows.has(said.has);
    else rows.add(said);
  }
  const code = await ended;
  if (code !== 0) rows.add({ call: 'the whole program', result: 'failed', why: `exit code ${code}: ${stderr}` });
}
