import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, runCommand } from '../../support/commands.js';
import { LIMIT, type Account, type WireAnswer, type WireBody } from '../site.js';
import { NotPossible, type ClientRows } from '../table.js';

/** A request as a client makes it, and where the client's public source shows that. */
export interface ReplayedRequest {
  /** Function of the client, as `has` names it. */
  readonly call: string;
  /** `owner/repo:path`. */
  readonly source: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Codes that the client takes for success. */
  readonly expect: readonly number[];
  /** What the client then reads. @throws Error it would not understand the answer */
  readonly check?: (body: WireBody) => void;
  /** Words of a refusal that makes the call impossible here. */
  readonly cannot?: RegExp;
  readonly asAdmin?: boolean;
}

/** Sends a client's requests and writes a row for each. */
export class Replay {
  constructor(
    private readonly rows: ClientRows,
    readonly account: Account,
    private readonly repository: string,
    /** Sent with each request. */
    private readonly headers: Readonly<Record<string, string>>,
  ) {}

  async send(request: ReplayedRequest): Promise<WireBody> {
    const { call, method, path, source } = request;
    return (await this.rows.row(
      `${call}: ${method} ${short(path)} [${this.repository}:${source}]`,
      async () => (await this.exchange(request)).body as unknown,
      [call],
    )) as WireBody;
  }

  /** As `send`, for what the rest needs. @throws Error the request failed */
  async must(request: ReplayedRequest): Promise<WireBody> {
    const body = await this.send(request);
    if (body === undefined) throw new Error(`${request.call}: ${request.method} ${request.path} failed`);
    return body;
  }

  /** A row for what the client does that is not a request. */
  async does(call: string, source: string, run: () => Promise<void> | void, what = ''): Promise<void> {
    await this.rows.row(`${call}${what && `: ${what}`} [${this.repository}:${source}]`, async () => run(), [call]);
  }

  /** A row for what this API has no part in. */
  async notHere(call: string, source: string, why: string): Promise<void> {
    await this.does(call, source, () => {
      throw new NotPossible(`not here: ${why}`);
    });
  }

  async exchange(request: ReplayedRequest): Promise<WireAnswer> {
    const { account } = this;
    const headers = Object.fromEntries(
      Object.entries({ ...this.headers, ...request.headers }).filter(([, value]) => value !== ''),
    );
    const token = request.asAdmin ? account.adminToken : account.memberToken;
    const answer = await account.call(request.method, request.path, headers, request.body, token);
    const text = `${answer.status} ${JSON.stringify(answer.body)}`;
    if (request.cannot?.test(text)) throw new NotPossible(String(answer.body.errors?.[0]?.detail ?? text));
    if (!request.expect.includes(answer.status)) throw new Error(`${request.expect.join(' or ')} wanted, answered ${text}`);
    request.check?.(answer.body);
    return answer;
  }
}

/** A CSR; `subject` as openssl takes it. */
export async function certificateRequest(account: Account, subject: string, bits: number, digest: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const key = join(account.dir, 'replay.key');
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const made = await runCommand('openssl', ['req', '-new', '-key', key, `-${digest}`, '-subj', subject]);
  if (made.code !== 0) throw new Error(made.stderr);
  return made.stdout;
}

/**
 * What Terraform's StateChangeConf does: looks at once, then again and again; a failed status, or one that is neither pending
 * nor the target, ends it. Without `pending` everything else is waited out.
 * @param ask the status; 'DELETE_COMPLETE' when there is nothing any more
 */
export async function stateChange(ask: () => Promise<string>, target: string, pending?: string): Promise<void> {
  await eventually(target, LIMIT, async () => {
    const status = await ask();
    if (status === target) return true;
    if (status.endsWith('_FAILED')) throw new Error(`error state ${status}`);
    if (pending !== undefined && status !== pending) throw new Error(`unexpected state '${status}', wanted target '${target}'`);
    return false;
  });
}

function short(path: string): string {
  return path.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}/g, 'ID');
}
