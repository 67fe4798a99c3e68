import 'reflect-metadata';
import { resolve } from 'node:path';
import { runBench } from './bench/bench.js';
import { runDemo } from './demo.js';
import { checkMachines } from '#libs/sandbox';
import { START_OPTIONS, startOptions } from './hypervisor-options.js';
import { AlreadyRunning, Installation } from './installation.js';
import { whenLauncherGoes } from './launcher.js';
import { quote } from './shell.js';
import { StateFolder } from './state.js';

const HELP = `Jeroboam on one machine: embedded PostgreSQL, a sandbox cloud, the API and a conductor.

  npm run demo     makes a three-node cluster with live progress, lists its nodes, and stops
  npm start        the same services, until Ctrl-C
  npm run reset    forgets everything: databases, sandbox cloud, passwords
  npm run bench    measures the API and creates of 3, 100 and 1,000 nodes (or: npm run bench -- 3 100)

Environment: JEROBOAM_HOME (default .jeroboam), API_PORT (9511), BOOTSTRAP_PORT (9512), SANDBOX_PORT (9513), REDIS_URL,
and every other setting of the README's table.

${START_OPTIONS}`;

const home = resolve(process.env['JEROBOAM_HOME'] ?? '.jeroboam');
const print = (line: string): void => console.log(line);

async function start(): Promise<void> {
  if (process.argv.slice(3).includes('--help')) return print(HELP);
  const options = startOptions(process.argv.slice(3), process.env);
  if (options.sandbox.qemu) checkMachines(options.sandbox.qemu);
  const interrupt = onInterrupt();
  print('starting PostgreSQL, the sandbox cloud, the API and a conductor ...');
  const installation = await Installation.start({ home, say: print, ...options });
  interrupt.stops(installation);
  try {
    printWelcome(installation);
    await installation.failure;
  } finally {
    await installation.stop();
  }
}

async function demo(): Promise<void> {
  const interrupt = onInterrupt();
  print('starting PostgreSQL, the sandbox cloud, the API and a conductor ...');
  const begun = Date.now();
  let installation: Installation | undefined;
  try {
    installation = await Installation.start({ home, say: print });
  } catch (error) {
    if (!(error instanceof AlreadyRunning)) throw error;
    throw new Error(`${error.message}: Jeroboam is up already; try "openstack coe cluster create" on it, or stop it first`, {
      cause: error,
    });
  }
  interrupt.stops(installation);
  print(`up after ${((Date.now() - begun) / 1000).toFixed(1)} s`);
  try {
    const { apiUrl, authUrl } = installation;
    const target = { home, apiUrl, authUrl, password: installation.password('demo'), signal: interrupt.signal };
    await Promise.race([runDemo(target, process.stdout), installation.failure]);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  } finally {
    await installation.stop();
  }
  // Whoever interrupted says with which code we end.
  if (interrupt.signal.aborted) await new Promise(() => undefined);
}

function reset(): void {
  const state = new StateFolder(home);
  if (!state.exists()) return print(`${home} is not there: nothing to forget`);
  const owner = state.lock();
  if (owner !== null) throw new Error(`process ${owner} still runs on ${home}: stop it first`);
  const left = state.remove();
  print(left.length === 0 ? `${home} is gone` : `${home} is forgotten; not ours and left there: ${left.join(', ')}`);
}

/** What Ctrl-C does: everything in order once it runs; before, the children see us go. */
function onInterrupt(): { signal: AbortSignal; stops(installation: Installation): void } {
  const interrupt = new AbortController();
  let running: Installation | undefined;
  const stop = (code: number): void => {
    if (interrupt.signal.aborted) return;
    interrupt.abort();
    print('\nstopping ...');
    void Promise.resolve(running?.stop()).then(() => process.exit(code));
  };
  process.on('SIGINT', () => stop(130));
  process.on('SIGTERM', () => stop(143));
  process.on('SIGHUP', () => stop(129));
  whenLauncherGoes(() => stop(1));
  return { signal: interrupt.signal, stops: (installation) => (running = installation) };
}

function printWelcome({ apiUrl, authUrl, state }: Installation): void {
  print(`Jeroboam is up.

  container-infra API   ${apiUrl}/v1      (browse it: ${apiUrl}/docs)
  Keystone (sandbox)    ${authUrl}
  credentials           ${state.cloudsYaml}   clouds: sandbox, sandbox-admin, sandbox-reader, sandbox-other
  logs                  ${state.logs}

Type in another terminal (Debian: apt install python3-openstackclient python3-magnumclient python3-heatclient):

  export OS_CLIENT_CONFIG_FILE=${quote(state.cloudsYaml)} OS_CLOUD=sandbox
  openstack coe cluster template create k8s --coe kubernetes --image ubuntu-24.04-kube-v1.36.4 \\
    --external-network public --master-flavor m1.medium --flavor m1.small
  openstack coe cluster create k1 --cluster-template k8s --master-count 1 --node-count 2
  openstack coe cluster list
  openstack stack list
  openstack coe cluster config k1 --dir . && kubectl --kubeconfig config get nodes

Ctrl-C stops everything; the next start goes on where this one ended. npm run reset forgets it.`);
}

function bench(): Promise<void> {
  const sizes = process.argv.slice(3).map(Number);
  if (sizes.some((size) => !Number.isInteger(size) || size < 2)) throw new Error('a size is a number of nodes, 2 or more');
  return runBench(print, sizes.length > 0 ? sizes : undefined);
}

const commands: Record<string, () => Promise<void> | void> = { start, demo, reset, bench, help: () => print(HELP) };
const command = process.argv[2] ?? 'help';
try {
  const run = commands[command];
  if (!run) throw new Error(`no command "${command}"\n\n${HELP}`);
  await run();
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
