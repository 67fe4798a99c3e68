import { setTimeout as sleep } from 'node:timers/promises';
import { IdempotencyKeysRepository, type Claim, type IdempotentRequest, type KeptAnswer } from '#libs/db';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import { LOGGER } from '../tokens.js';
import { IdempotencyKeyInUse, IdempotencyKeyReused } from './http-errors.js';

/** A run that has not been heard of for so long has died with its process. */
const CLAIM_MS = 15_000;
const RENEW_MS = 5_000;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;

/** A key that this process has to do with at the moment. */
interface Running {
  readonly requestHash: string;
  readonly answer: Promise<KeptAnswer | null>;
  readonly finish: (answer: KeptAnswer | null) => void;
}

/**
 * Of requests with one `Idempotency-Key` one is done; the others, in this process and in others, wait for its answer and
 * get the same. Answers of 5xx, 401 and 403 are not kept.
 */
@Injectable()
export class Idempotency implements OnModuleDestroy {
  /** So long somebody waits for the answer of the first: longer than a run is missed. */
  waitMs = 25_000;
  private readonly running = new Map<string, Running>();
  private readonly held = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly keys: IdempotencyKeysRepository,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * The right to run the request, to be given back by `answered`; or the answer that was given before.
   * @throws IdempotencyKeyReused; IdempotencyKeyInUse no answer in time
   */
  async begin(request: IdempotentRequest): Promise<{ claim: Claim } | { answer: KeptAnswer }> {
    const name = JSON.stringify([request.projectId, request.userId, request.key]);
    const giveUpAt = Date.now() + this.waitMs;
    for (;;) {
      const running = this.running.get(name);
      if (!running) return this.lead(name, request, giveUpAt);
      if (running.requestHash !== request.requestHash) throw new IdempotencyKeyReused();
      const answer = await within(running.answer, giveUpAt - Date.now());
      if (answer) return { answer };
    }
  }

  /** The run has come to its end. Never throws: the answer goes out also when it cannot be kept. */
  async answered({ claim }: Claim, answer: KeptAnswer): Promise<void> {
    const { status } = answer;
    const kept = status < 500 && status !== 401 && status !== 403;
    try {
      if (kept) await this.keys.keep(claim, answer);
      else if (status < 500) await this.keys.forget(claim);
      else await this.keys.letGo(claim);
    } catch (error) {
      this.log.warn({ error: String(error) }, 'an answer could not be kept for its Idempotency-Key');
    }
    const name = this.held.get(claim);
    this.held.delete(claim);
    if (name !== undefined) this.finish(name, kept ? answer : null);
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** For this process: asks the database until the key is ours or somebody has answered. */
  private async lead(
    name: string,
    request: IdempotentRequest,
    giveUpAt: number,
  ): Promise<{ claim: Claim } | { answer: KeptAnswer }> {
    let finish: Running['finish'] = () => undefined;
    const answer = new Promise<KeptAnswer | null>((resolve) => (finish = resolve));
    this.running.set(name, { requestHash: request.requestHash, answer, finish });
    try {
      for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
        const result = await this.keys.claim(request, CLAIM_MS);
        if (result.kind === 'mine') {
          this.hold(result.claim, name);
          return { claim: result };
        }
        if (result.kind === 'other-request') throw new IdempotencyKeyReused();
        if (result.kind === 'answered') {
          this.finish(name, result.answer);
          return { answer: result.answer };
        }
        if (Date.now() + pause > giveUpAt) throw new IdempotencyKeyInUse();
        await sleep(pause);
      }
    } catch (error) {
      this.finish(name, null);
      throw error;
    }
  }

  private finish(name: string, answer: KeptAnswer | null): void {
    const running = this.running.get(name);
    this.running.delete(name);
    running?.finish(answer);
  }

  private hold(claim: string, name: string): void {
    this.held.set(claim, name);
    this.timer ??= setInterval(() => void this.renew(), RENEW_MS).unref();
  }

  private async renew(): Promise<void> {
    if (this.held.size === 0) return;
    await this.keys.renew([...this.held.keys()], CLAIM_MS).catch((error: unknown) => {
      this.log.warn({ error: String(error) }, 'claims of Idempotency-Keys could not be renewed');
    });
  }
}

/** @throws IdempotencyKeyInUse it takes longer */
async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  const timer = new AbortController();
  try {
    return await Promise.race([
      promise,
      sleep(Math.max(ms, 0), undefined, { signal: timer.signal }).then(() => {
        throw new IdempotencyKeyInUse();
      }),
    ]);
  } finally {
    timer.abort();
  }
}
