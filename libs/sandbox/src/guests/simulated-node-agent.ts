import { createHash, randomBytes } from 'node:crypto';
import type { Agent } from 'node:https';
import type { GuestEnvironment } from './guest-environment.js';
import { callHttps, type HttpsAnswer } from './guest-https.js';
import type { JoinedNode } from './kubeadm/kubeadm-init.js';
import { readBundle, type Bundle } from './node-bundle.js';
import { installVersion } from './kubeadm/installed-version.js';
import { optionOf, runSimulatedStep } from './simulated-step.js';

/** What the agent keeps in /var/lib/jeroboam, so that a run after a restart goes on. */
export interface AgentMemory {
  retryKey?: string;
  /** Steps that are done. */
  done?: string[];
  joined?: JoinedNode;
  /** A pod network has put its configuration on the disk: it stays there. */
  podNetwork?: true;
}

export type AgentOutcome = { readonly kind: 'joined'; readonly node: JoinedNode } | { readonly kind: 'failed' | 'cancelled' };

interface NodeFile {
  node_id: string;
  role: string;
  endpoint: string;
  nonce: string;
}

const PAUSE_MS = 5_000;
const GIVE_UP_MS = 4 * 3_600_000;
/**
 * Connections per source address. Real nodes have one each; here they take turns on a few, but on enough of them that
 * the other side sees how many ask at once.
 */
const HELD_REQUESTS = 128;
const REPORTS_AT_ONCE = 128;

class Cancelled extends Error {}
class Refused extends Error {}

/**
 * Plays /usr/local/sbin/jeroboam-node: fetches the bundle over TLS trusting ca.pem alone, writes its files, runs its steps as
 * simulated commands and reports each phase.
 */
export class SimulatedNodeAgent {
  readonly #node: NodeFile;
  readonly #caPem: string;
  readonly #reportToken: string;

  /** @throws Error when what cloud-init wrote is not what the agent needs */
  constructor(
    readonly environment: GuestEnvironment,
    readonly memory: AgentMemory,
    readonly remember: () => void,
  ) {
    const text = environment.disk.text('/etc/jeroboam/node.json');
    const caPem = environment.disk.text('/etc/jeroboam/ca.pem');
    if (text === undefined || caPem === undefined) throw new Error('/etc/jeroboam/node.json or ca.pem is missing');
    this.#node = JSON.parse(text) as NodeFile;
    for (const key of ['node_id', 'endpoint', 'nonce'] as const) {
      if (typeof this.#node[key] !== 'string' || this.#node[key] === '') throw new Error(`/etc/jeroboam/node.json has no ${key}`);
    }
    this.#caPem = caPem;
    this.#reportToken = createHash('sha256').update(`jeroboam-report:${this.#node.nonce}`).digest('hex');
  }

  /** Runs to the end. Rejects only when the machine is switched off. */
  async run(): Promise<AgentOutcome> {
    let phase = 'boot';
    try {
      if (this.memory.joined) return await this.#repeatEnd(this.memory.joined);
      await this.#report(phase, 'started');
      await this.#report(phase, 'done', 0);
      phase = 'bundle';
      await this.#report(phase, 'started');
      const bundle = await this.#fetchBundle();
      this.#writeFiles(bundle);
      await this.#report(phase, 'done', 0);
      let joined: JoinedNode | undefined;
      for (const step of bundle.steps) {
        phase = step.name;
        if (this.memory.done?.includes(phase)) continue;
        if (step.turn) await this.#ask('turn', {});
        await this.#report(phase, 'started');
        const result = await runSimulatedStep(this.environment, step);
        if (result.exitCode !== 0) {
          await this.#report(phase, 'failed', result.exitCode, result.output);
          return { kind: 'failed' };
        }
        joined = result.joined ?? joined;
        this.memory.done = [...(this.memory.done ?? []), phase];
        if (joined) this.memory.joined = joined;
        this.remember();
        await this.#report(phase, 'done', 0);
      }
      for (const path of bundle.cleanup) this.environment.disk.remove(path);
      this.environment.disk.remove('/etc/jeroboam/node.json');
      this.#mark('complete', 'done', 0);
      return joined ? { kind: 'joined', node: joined } : { kind: 'failed' };
    } catch (error) {
      this.environment.signal.throwIfAborted();
      if (error instanceof Cancelled) {
        this.#mark(phase, 'cancelled');
        return { kind: 'cancelled' };
      }
      await this.#report(phase, 'failed', 1, (error as Error).message).catch(() => undefined);
      return { kind: 'failed' };
    }
  }

  /** It had joined, but nobody may have heard of it: the simulation ended before the report was answered. */
  async #repeatEnd(node: JoinedNode): Promise<AgentOutcome> {
    await this.#report(this.memory.done?.at(-1) ?? 'kubeadm-join', 'done', 0);
    this.#mark('complete', 'done', 0);
    return { kind: 'joined', node };
  }

  #mark(phase: string, status: string, code?: number): void {
    this.environment.console.write(`BOOT-STEP name=${phase} status=${status}${code === undefined ? '' : ` rc=${code}`}`);
  }

  #agent(purpose: string, maxSockets: number): Agent {
    const { connections, sourceAddress } = this.environment;
    return connections.shared(purpose, this.#node.endpoint, this.#caPem, sourceAddress, maxSockets);
  }

  async #post(what: 'phases' | 'bundle' | 'turn', agent: Agent, body: object): Promise<HttpsAnswer> {
    if (this.environment.fault('no-network')) throw new Error('connect ENETUNREACH');
    return callHttps({
      method: 'POST',
      url: `${this.#node.endpoint}/bootstrap/v1/nodes/${this.#node.node_id}/${what}`,
      agent,
      localAddress: this.environment.sourceAddress,
      timeoutMs: 60_000,
      signal: this.environment.signal,
      headers: { authorization: `Bearer ${this.#reportToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  /** Tells a phase; never stops the work when nobody answers. @throws Cancelled on 410 */
  async #report(phase: string, status: 'started' | 'done' | 'failed', exitCode?: number, log?: string): Promise<void> {
    this.#mark(phase, status, exitCode);
    if (log !== undefined) this.environment.console.write(log.trimEnd());
    const body = {
      phase,
      status,
      ...(exitCode === undefined ? {} : { exit_code: exitCode }),
      ...(log === undefined ? {} : { log_tail: tail(log, 4096) }),
    };
    const tries = status === 'started' ? 3 : 8;
    for (let n = 1; n <= tries; n += 1) {
      const answer = await this.#post('phases', this.#agent('phases', REPORTS_AT_ONCE), body).catch((error: unknown) => {
        this.environment.signal.throwIfAborted();
        return (error as Error).message;
      });
      if (typeof answer !== 'string') {
        if (answer.status < 300) return;
        if (answer.status === 410) throw new Cancelled();
        if (answer.status < 500 && answer.status !== 429 && answer.status !== 408) {
          this.environment.console.write(`jeroboam-node: report of ${phase} refused with ${answer.status}`);
          return;
        }
      }
      await this.#pause(Math.min(n, 6) * PAUSE_MS);
    }
    this.environment.console.write(`jeroboam-node: report of ${phase} got no answer`);
  }

  /** The one fetch; the retry key makes a repeated request ours. @throws Cancelled, Refused */
  async #fetchBundle(): Promise<Bundle> {
    if (this.memory.retryKey === undefined) {
      this.memory.retryKey = randomBytes(24).toString('hex');
      this.remember();
    }
    const body = { nonce: this.#node.nonce, retry_key: this.memory.retryKey };
    return readBundle(await this.#ask('bundle', body));
  }

  /** Repeats a request until it is granted; 503 says "not yet". @throws Cancelled, Refused */
  async #ask(what: 'bundle' | 'turn', body: object): Promise<string> {
    // Workers wait in numbers behind the first master: they must not take its place at the wire.
    const agent = this.#node.role === 'master' ? this.#agent(`master-${what}`, 16) : this.#agent(what, HELD_REQUESTS);
    const end = Date.now() + GIVE_UP_MS;
    for (let failures = 0; Date.now() < end;) {
      const answer = await this.#post(what, agent, body).catch((error: unknown) => {
        this.environment.signal.throwIfAborted();
        return (error as Error).message;
      });
      if (typeof answer !== 'string') {
        if (answer.status === 200 || answer.status === 204) return answer.text;
        if (answer.status === 410) throw new Cancelled();
        if (answer.status === 503 || answer.status === 429) {
          failures = 0;
          await this.#pause(Math.min(retryAfterSeconds(answer) ?? PAUSE_MS / 1000, 120) * 1000);
          continue;
        }
        if (answer.status < 500 && answer.status !== 408)
          throw new Refused(`${what} refused with ${answer.status}: ${answer.text.slice(0, 500)}`);
      }
      failures = Math.min(failures + 1, 5);
      this.environment.console.write(
        `jeroboam-node: ${what}: ${typeof answer === 'string' ? answer : `answer ${answer.status}`}`,
      );
      await this.#pause((failures * failures * PAUSE_MS) / 2);
    }
    throw new Refused(`${what}: no answer`);
  }

  #writeFiles(bundle: Bundle): void {
    const { disk, server, localIp } = this.environment;
    for (const file of bundle.files) {
      const content = file.content.replaceAll('@@INSTANCE_ID@@', server.id).replaceAll('@@LOCAL_IP@@', localIp);
      disk.write(file.path, content, file.mode);
    }
    const version = optionOf(bundle.steps.find((step) => step.name === 'prepare')?.command ?? [], '--version');
    if (version !== undefined) installVersion(disk, version);
  }

  async #pause(ms: number): Promise<void> {
    await this.environment.sleep(Math.max(10, ms * this.environment.patience));
  }
}

function retryAfterSeconds(answer: HttpsAnswer): number | undefined {
  const header = answer.headers['retry-after'];
  return typeof header === 'string' && /^\d{1,4}$/.test(header) ? Number(header) : undefined;
}

/** The last `limit` bytes of a text. */
function tail(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  return bytes.length <= limit
    ? text
    : bytes
        .subarray(bytes.length - limit)
        .toString('utf8')
        .replace(/^�+/, '');
}
