import { Superseded, type Microversion } from '#libs/domain';
import type { Claim, IdempotencyKeysRepository, RequestWork, ResourceKind, ResourceStateRepository, Tx } from '#libs/db';
import { entityTag } from './entity-tag.js';
import { PreconditionFailed } from './http-errors.js';
import type { Representations } from './representations.js';
import type { Target } from './targets.js';

export interface ChangeParts {
  readonly keys: IdempotencyKeysRepository;
  readonly state: ResourceStateRepository;
  readonly representations: Representations;
}

export interface ChangeRequest {
  readonly target: Target;
  readonly baseUrl: string;
  readonly version: Microversion;
  /** The tags of `If-Match`; undefined without one. */
  readonly ifMatch: '*' | readonly string[] | undefined;
  readonly claim: Claim | undefined;
  /** Whether the answer of success has a body. */
  readonly answersBody: boolean;
}

/**
 * What a changing request does in its transactions: `If-Match` is looked at under the lock of what it is about, so that of two
 * writers with one tag one wins; the tag of what is there afterwards is taken for the answer; and the `Idempotency-Key` is
 * marked, so that a run after a crash knows.
 */
export class ChangeWork implements RequestWork {
  readonly found = new Map<ResourceKind, string>();
  readonly claim: string | undefined;
  /** Of what the change has left. */
  tag: string | undefined;
  private checked = false;
  /** The tag of the subject as this request's own transaction has left it. */
  private left: { readonly tag: string | undefined } | undefined;

  constructor(
    private readonly parts: ChangeParts,
    private readonly request: ChangeRequest,
  ) {
    this.claim = request.claim?.claim;
  }

  /** Whether `If-Match` has still to be looked at. */
  get mustCheck(): boolean {
    return this.request.ifMatch !== undefined && this.request.target.subject !== null && !this.checked;
  }

  async begin(tx: Tx): Promise<void> {
    const { ifMatch, target } = this.request;
    if (ifMatch === undefined || target.subject === null) return;
    const tag = await this.tagOf(tx, target.subject, true);
    this.checked = true;
    if (this.left && this.left.tag === tag) return;
    if (tag === undefined || (ifMatch !== '*' && !ifMatch.includes(tag))) throw new PreconditionFailed();
  }

  async end(tx: Tx): Promise<void> {
    const { shown, subject } = this.request.target;
    if (shown && this.request.answersBody) this.tag = await this.tagOf(tx, shown);
    if (subject && this.request.ifMatch !== undefined) this.left = { tag: await this.tagOf(tx, subject) };
    if (this.claim === undefined) return;
    if (
      !(await this.parts.keys.markDone(tx, this.claim, {
        ...Object.fromEntries(this.found),
        ...(this.tag === undefined ? {} : { etag: this.tag }),
      }))
    ) {
      throw new Superseded('Another run of this request with the same Idempotency-Key has taken over.');
    }
  }

  private async tagOf(tx: Tx, kind: ResourceKind, lock = false): Promise<string | undefined> {
    const ident = this.found.get(kind);
    if (ident === undefined) {
      if (lock) throw new Error('a condition on a resource that nobody has looked up');
      return undefined;
    }
    if (lock) await this.parts.state.lock(tx, kind, ident);
    const { baseUrl, version } = this.request;
    const view = await this.parts.representations.render(tx, kind, ident, baseUrl, version);
    return view ? entityTag(JSON.stringify(view), baseUrl, version) : undefined;
  }
}
