import { request } from 'node:https';
import { ClusterEntity, findAuthorities, trustOf } from '#libs/db';
import { issueClientCertificate } from '#libs/pki';
import type { TestInstallation } from './installation.js';

const EVERY_MS = 100;
const CALL_MS = 5_000;
const PULSE_MS = 25;
const REMEMBERED_MS = 60_000;

/** Whom a client believes, and what it shows. PEM. */
export interface Identity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** What an outsider sees of a cluster's API: asked ten times a second, each time on a line of its own. */
export class ApiWatch {
  /** From the last answer before a failure to the first one after it, at the longest; 0: it never failed. */
  longestGapMs = 0;
  /**
   * Of that gap, how long this process stood still: the simulated API servers are in it, so on a machine that is too busy that is
   * no silence of theirs.
   */
  stoodStillMs = 0;
  asked = 0;
  readonly failures: string[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #pulse: NodeJS.Timeout;
  #pauses: { readonly at: number; readonly ms: number }[] = [];
  readonly #pending = new Set<Promise<void>>();
  #lastGood = Date.now();
  #failing = false;

  private constructor(
    private readonly server: URL,
    private tls: Identity,
  ) {
    this.#timer = setInterval(() => this.#ask(this.asked++ % 2 === 0 ? '/readyz' : '/api/v1/nodes'), EVERY_MS);
    let last = Date.now();
    this.#pulse = setInterval(() => {
      const now = Date.now();
      if (now - last > 2 * PULSE_MS) this.#pauses.push({ at: now, ms: now - last - PULSE_MS });
      this.#pauses = this.#pauses.filter(({ at }) => now - at < REMEMBERED_MS);
      last = now;
    }, PULSE_MS);
  }

  /** The longest gap that is the API's own. */
  get silenceMs(): number {
    return this.longestGapMs - this.stoodStillMs;
  }

  static async of(site: TestInstallation, uuid: string): Promise<ApiWatch> {
    const { apiAddress } = await site.parts.source.manager.findOneByOrFail(ClusterEntity, { uuid });
    const authorities = await findAuthorities(site.parts.secrets, uuid);
    if (!authorities || apiAddress === null) throw new Error('the cluster has no API');
    const user = { commonName: 'outsider', organizations: ['system:masters'], minutes: 60 };
    const { certPem, keyPem } = await issueClientCertificate(authorities.ca, user);
    return new ApiWatch(new URL(apiAddress), { ca: trustOf(authorities.ca), cert: certPem, key: keyPem });
  }

  /** With another kubeconfig from now on, as somebody does who fetches a new one before his own ends. */
  use(tls: Identity): void {
    this.tls = tls;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    clearInterval(this.#pulse);
    await Promise.all(this.#pending);
  }

  #ask(path: string): void {
    const work = this.#get(path).then(
      () => {
        const gapMs = Date.now() - this.#lastGood;
        if (this.#failing && gapMs > this.longestGapMs) {
          this.longestGapMs = gapMs;
          this.stoodStillMs = this.#pauses.filter(({ at }) => at > this.#lastGood).reduce((sum, { ms }) => sum + ms, 0);
        }
        this.#failing = false;
        this.#lastGood = Date.now();
      },
      (error: unknown) => {
        this.#failing = true;
        this.failures.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
      },
    );
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }

  #get(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.server;
      const call = request({ host: hostname, port, path, agent: false, timeout: CALL_MS, ...this.tls }, (answer) => {
        answer.resume();
        answer.on('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error(`HTTP ${answer.statusCode}`))));
      });
      call.on('timeout', () => call.destroy(new Error('no answer')));
      call.on('error', reject);
      call.end();
    });
  }
}
