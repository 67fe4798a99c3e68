import { mkdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { defaultGuestLatencies, GuestRuntime, scaleGuestLatencies } from './guest-runtime.js';
import { dig, digText } from './kubernetes/kube-object.js';
import type { CloudLogin } from './openstack/bench-client.js';
import { OpenStackView } from './openstack/openstack-view.js';

/**
 * Simulated guests for a real OpenStack whose servers never boot (a test bench):
 * `node dist/libs/sandbox/src/guests/main.js --clouds clouds.yaml --cloud admin [--project demo] [--dir state] [--latency-factor 1] [--poll-ms 1000]`
 * The credentials must see all projects. Prints `ready` when it has taken the first look; ends on SIGINT, SIGTERM, or when
 * the process that forked it goes.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      clouds: { type: 'string' },
      cloud: { type: 'string' },
      project: { type: 'string' },
      dir: { type: 'string' },
      'latency-factor': { type: 'string', default: '1' },
      'poll-ms': { type: 'string', default: '1000' },
    },
  });
  if (values.clouds === undefined || values.cloud === undefined) throw new Error('--clouds FILE and --cloud NAME are needed');
  const log = (line: string): void => void process.stdout.write(`${line}\n`);
  if (values.dir !== undefined) mkdirSync(values.dir, { recursive: true, mode: 0o700 });
  const login = readLogin(readFileSync(values.clouds, 'utf8'), values.cloud);
  const view = new OpenStackView({ login, project: values.project, pollMs: positive(values['poll-ms'], '--poll-ms'), log });
  const latencies = scaleGuestLatencies(defaultGuestLatencies, positive(values['latency-factor'], '--latency-factor'));
  const runtime = new GuestRuntime(view, { dir: values.dir, latencies, log });
  await view.start();
  await runtime.start();
  log('ready');
  const stop = (): void => {
    view.stop();
    void runtime.close().finally(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  process.once('disconnect', stop);
}

function readLogin(text: string, name: string): CloudLogin {
  const cloud = dig(parse(text), 'clouds', name);
  if (cloud === undefined) throw new Error(`there is no cloud ${name} in the file`);
  const auth = (key: string): string => digText(cloud, 'auth', key);
  return {
    authUrl: auth('auth_url'),
    username: auth('username'),
    password: auth('password'),
    userDomainName: auth('user_domain_name') || 'Default',
    projectName: auth('project_name'),
    projectDomainName: auth('project_domain_name') || 'Default',
    region: digText(cloud, 'region_name') || undefined,
  };
}

function positive(text: string, option: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0) throw new Error(`${option} must be a number, not ${text}`);
  return number;
}

main().catch((error: unknown) => {
  process.stderr.write(`simulated guests: ${(error as Error).message}\n`);
  process.exit(1);
});
