import pg from 'pg';

type Query = (text: unknown, values?: unknown, ...rest: unknown[]) => Promise<unknown>;

/** So many texts are told apart on one connection; a process has some two hundred, lists of several lengths among them. */
const MOST = 500;

/**
 * A connection that prepares what it is asked a second time: PostgreSQL then parses a statement once instead of each time,
 * and plans it until it knows one plan for all values (`plan_cache_mode`). Half of its work, for statements as short as ours.
 */
export class PreparedClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    const plain = this.query.bind(this) as unknown as Query;
    Object.assign(this, { query: prepared(plain) });
  }
}

function prepared(plain: Query): Query {
  const names = new NamedTexts();
  const run = async (name: string, text: string, values: unknown): Promise<unknown> => {
    try {
      return await plain({ name, text, values });
    } catch (error) {
      if (!isOutdated(error)) throw error;
      names.forget();
      // Inside a transaction that is over by now: whoever began it has to do it again.
      return plain(text, values).catch((again: unknown) => {
        throw isAborted(again) ? error : again;
      });
    }
  };
  return (text, values, ...rest) => {
    // With a callback, or as an object, it is somebody's own affair.
    if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0 || rest.length > 0)
      return plain(text, values, ...rest);
    const name = names.nameOf(text);
    return name === undefined ? plain(text, values) : run(name, text, values);
  };
}

/** Names of texts that came twice. When there is no room, the one goes that has come once, longest ago. */
class NamedTexts {
  readonly #names = new Map<string, string | null>();
  #count = 0;

  nameOf(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known) return known;
    if (known === null) {
      const name = `s${++this.#count}`;
      this.#names.set(text, name);
      return name;
    }
    if (this.#names.size >= MOST) this.#makeRoom();
    if (this.#names.size < MOST) this.#names.set(text, null);
    return undefined;
  }

  /** All get new names: what the old ones stand for is not to be used again. */
  forget(): void {
    this.#names.clear();
  }

  #makeRoom(): void {
    for (const [text, name] of this.#names) {
      if (name !== null) continue;
      this.#names.delete(text);
      return;
    }
  }
}

const fieldsOf = (error: unknown): { code?: unknown; routine?: unknown } => error ?? {};

/** A migration has changed what the statement answers: "cached plan must not change result type", in the server's language. */
export function isOutdated(error: unknown): boolean {
  const { code, routine } = fieldsOf(error);
  return code === '0A000' && routine === 'RevalidateCachedQuery';
}

/** in_failed_sql_transaction */
const isAborted = (error: unknown): boolean => fieldsOf(error).code === '25P02';
