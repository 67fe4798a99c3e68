import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { BENCH, readBench, startGuests, startOurs } from '../support/bench-site.js';
import { BenchCloud } from '../support/bench-cloud.js';
import { judge, readResults, type Known, type TestResult } from './results.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const SCRIPTS = process.env['OPENSTACK_BENCH'] ?? join(root, '../shared/openstack');
/** Tempest's folder, as it calls it itself in the bench's chroot, and from outside. */
const INSIDE = '/var/lib/stack/tempest/etc';
const OUTSIDE = join(BENCH, 'root', INSIDE);

/** Which account a test has taken: a run that was broken off leaves it taken, so each of ours has a folder of its own. */
const LOCKS = 'jeroboam-locks';

/** The plugin's tests come as a member and as the administrator, and once more as admin, member and reader of roles. */
const RUNS = [
  { name: 'api', regex: String.raw`magnum_tempest_plugin\.tests\.api\.v1\.test_`, roles: false },
  // Each class by itself: these never give their accounts back.
  {
    name: 'role-templates',
    regex: String.raw`magnum_tempest_plugin\.tests\.api\.v1\.rbac\.test_cluster_template\.`,
    roles: true,
  },
  {
    name: 'role-public',
    regex: String.raw`magnum_tempest_plugin\.tests\.api\.v1\.rbac\.test_cluster_template_admin\.`,
    roles: true,
  },
  { name: 'role-services', regex: String.raw`magnum_tempest_plugin\.tests\.api\.v1\.rbac\.test_magnum_service\.`, roles: true },
  { name: 'role-clusters', regex: String.raw`magnum_tempest_plugin\.tests\.api\.v1\.rbac\.test_cluster\.`, roles: true },
] as const;

/**
 * `npm run test:tempest [-- --out FILE]`: Debian's magnum-tempest-plugin, on the bench, against Jeroboam. Prints a table of
 * its tests; a test that fails or is skipped must be in known.yaml with its reason. With `--magnum` the same tests go to
 * the bench's own Magnum, to see what it does.
 */
async function main(): Promise<boolean> {
  const { values } = parseArgs({ options: { out: { type: 'string' }, magnum: { type: 'boolean', default: false } } });
  const program = join(SCRIPTS, 'tempest');
  if (!existsSync(program)) {
    throw new Error(
      `tempest cannot run: it is part of the OpenStack bench, whose scripts are not at ${SCRIPTS} (OPENSTACK_BENCH)`,
    );
  }
  if (!existsSync(join(OUTSIDE, 'tempest.conf'))) {
    throw new Error(`tempest cannot run: the bench at ${BENCH} was started without it (up heat magnum tempest)`);
  }
  const undo: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop().then(() => process.exit(1)));
  try {
    configure(undo);
    const url = values.magnum ? undefined : await startSite(undo);
    const results: TestResult[] = [];
    for (const run of RUNS) results.push(...readResults(await runTempest(program, run.regex, run.name, url)));
    const known = parse(readFileSync(join(root, 'test/tempest/known.yaml'), 'utf8')) as Known;
    const { table, good, bad } = judge(results, known);
    console.log(`\n${table}\n`);
    if (values.out) writeFileSync(values.out, `${table}\n`);
    console.log(`${good} passed, ${bad} failed`);
    return bad === 0 && good > 0;
  } finally {
    await stop();
  }
}

async function startSite(undo: (() => Promise<void> | void)[]): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'jeroboam-tempest-'));
  undo.push(() => rmSync(home, { recursive: true, force: true }));
  const bench = readBench();
  const installation = await startOurs(bench, home, (line) => console.error(line));
  undo.push(() => installation.stop());
  // The tests of roles look us up in the catalogue, the others take the URL that they are given.
  const cloud = await BenchCloud.login(bench.authUrl, bench.password);
  await cloud.register(`${installation.apiUrl}/v1`);
  undo.push(() => cloud.unregister());
  const guests = startGuests();
  undo.push(() => void guests.kill('SIGTERM'));
  return `${installation.apiUrl}/v1`;
}

/** Configurations of our own beside the bench's, which stays as it is. */
function configure(undo: (() => void)[]): void {
  // One of the tests writes what kubectl says in the first. Debian's package leaves out the second, which copies the logs
  // of pods: the test that calls it is about something else.
  const notes = join(BENCH, 'root/tmp/magnum-nodes');
  const helper = join(BENCH, 'root/usr/lib/python3/dist-packages/magnum_tempest_plugin/tests/contrib');
  const missing = [notes, helper].filter((path) => !existsSync(path));
  const files = ['jeroboam-accounts.yaml', LOCKS, ...RUNS.map(({ name }) => `jeroboam-${name}.conf`)].map((name) =>
    join(OUTSIDE, name),
  );
  undo.push(() => {
    for (const path of [...files, ...missing]) rmSync(path, { recursive: true, force: true });
  });
  mkdirSync(notes, { recursive: true });
  chmodSync(notes, 0o777);
  if (missing.includes(helper)) {
    mkdirSync(helper);
    writeFileSync(join(helper, 'copy_pod_logs.sh'), '#!/bin/sh\n', { mode: 0o755 });
  }
  const { password } = readBench();
  const account = (name: string, project: string, role: string): string =>
    `- {username: ${name}, password: ${password}, project_name: ${project}, domain_name: Default, roles: [${role}]}\n`;
  writeFileSync(
    join(OUTSIDE, 'jeroboam-accounts.yaml'),
    account('admin', 'admin', 'admin') + account('demo', 'demo', 'member') + account('reader', 'demo', 'reader'),
  );
  const given = readFileSync(join(OUTSIDE, 'tempest.conf'), 'utf8');
  for (const { name, roles } of RUNS) writeFileSync(join(OUTSIDE, `jeroboam-${name}.conf`), configuration(given, name, roles));
}

function configuration(given: string, name: string, roles: boolean): string {
  const locks = join(OUTSIDE, LOCKS, name);
  mkdirSync(locks, { recursive: true });
  chmodSync(locks, 0o777);
  const text =
    given.replace(/^magnum = .*$/m, 'magnum = true').replace(/^image_id = .*$/m, 'image_id = ubuntu') +
    `\n[oslo_concurrency]\nlock_path = ${INSIDE}/${LOCKS}/${name}\n`;
  if (!roles) return text;
  // These make no key pair of their own.
  return (
    text
      .replace(/^keypair_name = .*$/m, 'keypair_name = bench')
      .replace(/^test_accounts_file = .*$/m, `test_accounts_file = ${INSIDE}/jeroboam-accounts.yaml`) +
    '\n[enforce_scope]\nmagnum = true\n'
  );
}

/** Its output, which is shown as it comes. Tempest fails when a test does: the table decides, not its exit code. */
function runTempest(program: string, regex: string, name: string, url: string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const args = ['run', '--concurrency', '1', '--config-file', `${INSIDE}/jeroboam-${name}.conf`, '--regex', regex];
    const env = { ...process.env, ...(url ? { MAGNUM_URL: url } : {}) };
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      process.stdout.write(chunk);
    });
    child.once('error', reject);
    child.once('close', () => resolve(output));
  });
}

main().then(
  (good) => process.exit(good ? 0 : 1),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    console.log('0 passed, 1 failed');
    process.exit(1);
  },
);
