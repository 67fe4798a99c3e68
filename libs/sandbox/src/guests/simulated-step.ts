import type { GuestEnvironment } from './guest-environment.js';
import { readInitConfig, readJoinConfig } from './kubeadm/kubeadm-config.js';
import { KubeadmFailure } from './kubeadm/kubeadm-failure.js';
import { kubeadmInit, type JoinedNode } from './kubeadm/kubeadm-init.js';
import { kubeadmJoin } from './kubeadm/kubeadm-join.js';
import type { BundleStep } from './node-bundle.js';

export interface StepResult {
  readonly exitCode: number;
  /** stdout and stderr of all attempts. */
  readonly output: string;
  readonly joined?: JoinedNode;
}

interface AttemptResult {
  readonly exitCode: number;
  readonly output: string;
  readonly joined?: JoinedNode | undefined;
}

const PAUSE_MS = 5_000;

/**
 * Runs a step of the bundle: takes its time, meets its fault, and for kubeadm does what can be seen from outside.
 * Shell is not interpreted; scripts are only looked through for what they call.
 */
export async function runSimulatedStep(environment: GuestEnvironment, step: BundleStep): Promise<StepResult> {
  let output = '';
  for (let n = 1; ; n += 1) {
    const result = await withTimeout(environment, step, attempt(environment, step));
    output += result.output;
    if (result.exitCode === 0) return { exitCode: 0, output, ...(result.joined ? { joined: result.joined } : {}) };
    output += `${step.name}: attempt ${n} of ${step.attempts} ended with exit code ${result.exitCode}\n`;
    if (n >= step.attempts) return { exitCode: result.exitCode, output };
    await environment.sleep(n * PAUSE_MS * environment.patience);
  }
}

async function withTimeout(
  environment: GuestEnvironment,
  step: BundleStep,
  work: Promise<AttemptResult>,
): Promise<AttemptResult> {
  const limitMs = step.timeout_seconds * 1000 * environment.patience;
  let timer: NodeJS.Timeout | undefined;
  // After a timeout nobody waits for the work any more; its end is then nobody's error.
  work.catch(() => undefined);
  const timeout = new Promise<AttemptResult>((resolve) => {
    timer = setTimeout(
      () => resolve({ exitCode: 124, output: `${step.name} was stopped after ${step.timeout_seconds} s\n` }),
      limitMs,
    );
  });
  return Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}

async function attempt(environment: GuestEnvironment, step: BundleStep): Promise<AttemptResult> {
  await environment.sleep(environment.latencies.steps[step.name] ?? environment.latencies.otherStepMs);
  const fault = environment.stepFault(step.name);
  const failure = fault && { exitCode: fault.exitCode, output: `${fault.stderr.trimEnd()}\n` };
  if (failure && !fault.late) return failure;
  const wrong = wrongImage(environment, step);
  if (wrong !== undefined) return { exitCode: 1, output: `${wrong}\n` };
  const action = /^kubeadm-(init|join)$/.exec(step.name)?.[1];
  if (action === undefined) return { exitCode: 0, output: `simulated: ${step.name}\n` };
  try {
    const joined = await runKubeadm(environment, step, action);
    return failure ?? { exitCode: 0, output: `simulated: kubeadm ${action}\n`, joined };
  } catch (error) {
    environment.signal.throwIfAborted();
    if (error instanceof KubeadmFailure) return { exitCode: error.exitCode, output: error.stderr };
    return { exitCode: 1, output: `simulated kubeadm: ${(error as Error).message}\n` };
  }
}

/** What prepare.sh finds on a prebuilt image that carries another Kubernetes; undefined when all is well. */
function wrongImage({ server }: GuestEnvironment, step: BundleStep): string | undefined {
  const wanted = optionOf(step.command, '--version');
  const found = server.image?.kubeVersion;
  if (step.name !== 'prepare' || optionOf(step.command, '--mode') !== 'prebuilt' || found === undefined || found === wanted)
    return undefined;
  return `kubeadm is ${found}, this cluster wants ${wanted ?? 'another'}`;
}

/** The word behind an option. */
export function optionOf(command: readonly string[], name: string): string | undefined {
  const place = command.indexOf(name);
  return place < 0 ? undefined : command[place + 1];
}

async function runKubeadm(environment: GuestEnvironment, step: BundleStep, action: string): Promise<JoinedNode> {
  const { disk, hostname, localIp } = environment;
  const words = step.command.join(' ');
  const scripts = step.command.map((word) => disk.text(word) ?? '').join('\n');
  if (!/\bkubeadm\b/.test(words + scripts) || !new RegExp(`\\b${action}\\b`).test(words + scripts)) {
    throw new KubeadmFailure(`simulated guest: the command of ${step.name} runs no kubeadm ${action}`, 127);
  }
  const path = /--config[= ]"?(?:\$\{?\w+\}?)?(\/[\w./-]+)/.exec(`${words}\n${scripts}`)?.[1] ?? '/run/kubeadm/kubeadm.yaml';
  const text = disk.text(path);
  if (text === undefined)
    throw new KubeadmFailure(`unable to read config from "${path}": open ${path}: no such file or directory`);
  if (action === 'init') return kubeadmInit(environment, readInitConfig(text, hostname, localIp));
  return kubeadmJoin(environment, readJoinConfig(text, hostname, localIp));
}
