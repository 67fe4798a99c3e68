/**
 * `npm test [-- PATTERN ...]`: every spec that needs no foreign service, several files in one process, since loading what
 * they test takes longer than most of them run: pure specs (`*.spec.ts`) in one, `*.int-spec.ts` dealt out to some, three
 * at a time, on one PostgreSQL with a database for each file. The queue's specs run on Redis too where redis-server is
 * installed or can be. Files of a slower suite have a process each.
 * Options: --unit (pure specs alone), --suite NAME (the slower `*.NAME-spec.ts`).
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ensure, root } from './ensure.mjs';

const { values: options, positionals: patterns } = parseArgs({
  allowPositionals: true,
  options: { unit: { type: 'boolean', default: false }, suite: { type: 'string' }, timeout: { type: 'string', default: '900' } },
});

/** Suites whose specs share something: the bench, the names in the catalogue, this computer's memory. */
const ONE_AT_A_TIME = ['openstack', 'resources', 'clients', 'vm'];

/** More than run at once, so that the last ones end together. */
const PROCESSES = 8;

ensure();
const cleanUp = [];
process.once('SIGINT', () => void stop().then(() => process.exit(130)));
process.once('SIGTERM', () => void stop().then(() => process.exit(143)));
let passed = 0;
const failures = [];
try {
  await main();
} finally {
  await stop();
}
console.log(`\n${passed} passed, ${failures.length} failed`);
if (passed === 0) console.log('no test matched');
process.exit(failures.length > 0 || passed === 0 ? 1 : 0);

async function main() {
  const suffix = options.suite ? `.${options.suite}-spec.js` : options.unit ? '.spec.js' : /\.(int-)?spec\.js$/;
  const all = find(join(root, 'dist'), (name) => (suffix instanceof RegExp ? suffix.test(name) : name.endsWith(suffix)));
  const wanted = all.filter(
    (file) => patterns.length === 0 || patterns.some((pattern) => relative(root, file).includes(pattern)),
  );
  const pure = wanted.filter((file) => file.endsWith('.spec.js'));
  const rest = wanted.filter((file) => !file.endsWith('.spec.js'));
  if (rest.length > 0) {
    const { startTestServer } = await import(join(root, 'dist/libs/testing/src/index.js'));
    const server = await startTestServer();
    cleanUp.push(() => server.stop());
    process.env['TEST_POSTGRES_URL'] = server.url;
    process.env['TEST_REDIS_URL'] ??= await startRedis();
    if (rest.some((file) => file.includes('/bootstrap/'))) installTools();
  }
  await execute(options.suite ? wanted : together([pure, ...dealt(rest, PROCESSES)]));
}

/** Round by round, so that neighbours, which resemble each other, do not all wait for one process. */
function dealt(files, hands) {
  return Array.from({ length: hands }, (_, hand) => files.filter((_, place) => place % hands === hand));
}

/** For each group a program that runs its files, each as a suite, so that what one sets up is not for the others. */
function together(groups) {
  const dir = mkdtempSync(join(tmpdir(), 'jeroboam-specs-'));
  cleanUp.push(() => rmSync(dir, { recursive: true, force: true }));
  return groups
    .filter((files) => files.length > 0)
    .map((files, place) => {
      const suites = files.map((file) => {
        const [name, url] = [relative(join(root, 'dist'), file), pathToFileURL(file).href].map((text) => JSON.stringify(text));
        return `describe(${name}, async () => void (await import(${url})));\n`;
      });
      const program = join(dir, `specs-${place}.mjs`);
      writeFileSync(program, `import { describe } from 'node:test';\n${suites.join('')}`);
      return program;
    });
}

function execute(files) {
  return new Promise((resolve, reject) => {
    const events = run({
      files,
      // More than there are cores: most of them wait for something.
      concurrency: ONE_AT_A_TIME.includes(options.suite) ? 1 : options.suite ? 2 : 3,
      timeout: Number(options.timeout) * 1000,
    });
    events.on('test:pass', (event) => event.details.type === 'suite' || isFile(event) || passed++);
    events.on('test:fail', (event) => event.details.type === 'suite' || failures.push(event.name));
    events.on('error', reject);
    events.on('end', resolve);
    events.compose(new spec()).pipe(process.stdout, { end: false });
  });
}

/** The runner reports each file as a test of its own. */
function isFile(event) {
  return event.name.endsWith('.js') || event.name.endsWith('.mjs');
}

/** From Debian, when this user may; nothing is started. */
function install(name) {
  if (isInstalled(name) || process.getuid?.() !== 0) return;
  spawnSync('sh', ['-c', 'apt-get install -y "$0" || { apt-get update && apt-get install -y "$0"; }', name], {
    stdio: 'ignore',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
}

function isInstalled(name) {
  return spawnSync(name, ['--version']).status === 0;
}

/** What judges scripts and user data of nodes, and what the node agent needs here. */
function installTools() {
  for (const [name, without] of [
    ['shellcheck', 'the scripts of nodes are not checked by it'],
    ['cloud-init', 'cloud-configs are not checked against its schema'],
    ['jq', 'the node agent of Flatcar and Fedora CoreOS cannot run, its tests fail'],
  ]) {
    // cloud-init would take this machine in hand at its next start.
    if (name === 'cloud-init' && !isInstalled(name) && process.getuid?.() === 0) forbidCloudInit();
    install(name);
    if (!isInstalled(name)) console.error(`${name} is not installed: ${without}`);
  }
  if (!process.env['KUBEADM']) console.error('KUBEADM names no kubeadm: `kubeadm config validate` is not asked');
}

function forbidCloudInit() {
  mkdirSync('/etc/cloud', { recursive: true });
  writeFileSync('/etc/cloud/cloud-init.disabled', '');
}

async function startRedis() {
  install('redis-server');
  if (!isInstalled('redis-server')) {
    console.error('redis-server is not installed: the queue is tested on PostgreSQL alone');
    return '';
  }
  const { freePort } = await import(join(root, 'dist/libs/testing/src/index.js'));
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'jeroboam-test-redis-'));
  const server = spawn('redis-server', `--bind 127.0.0.1 --port ${port} --save  --appendonly no --dir ${dir}`.split(' '), {
    stdio: 'ignore',
  });
  cleanUp.push(async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
    rmSync(dir, { recursive: true, force: true });
  });
  return `redis://127.0.0.1:${port}`;
}

async function stop() {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
}

function find(dir, matches) {
  return readdirSync(dir, { withFileTypes: true })
    .flatMap((entry) =>
      entry.isDirectory() ? find(join(dir, entry.name), matches) : matches(entry.name) ? [join(dir, entry.name)] : [],
    )
    .sort();
}
