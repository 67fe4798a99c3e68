/** One call of one client, and how it went. */
export interface Row {
  readonly client: string;
  readonly call: string;
  readonly result: 'passed' | 'failed' | 'not possible';
  /** Why it failed or cannot be made. */
  readonly why?: string;
  /** Names of what the client has, as `Coverage.has` spells them, that this row shows. */
  readonly covers?: readonly string[];
}

/** Thrown by a row: this call cannot be made here, for a reason that is worth reading. */
export class NotPossible extends Error {}

/** What the suite shows: client × call × result. */
export class Table {
  readonly rows: Row[] = [];
  private readonly had = new Map<string, readonly string[]>();

  /** Rows of one client, which tells what it is able to do. */
  client(name: string): ClientRows {
    return new ClientRows(name, this.rows, (names) => this.had.set(name, names));
  }

  /** What clients have and no row shows: `client: name`. */
  missing(): string[] {
    return [...this.had].flatMap(([client, names]) => {
      const shown = new Set(this.rows.filter((row) => row.client === client).flatMap((row) => row.covers ?? []));
      return names.filter((name) => !shown.has(name)).map((name) => `${client}: ${name}`);
    });
  }

  /** Clients that told what they have. */
  clients(): string[] {
    return [...this.had.keys()];
  }

  text(): string {
    const wide = Math.max(...this.rows.map(({ client }) => client.length), 6);
    const line = ({ client, call, result, why }: Row): string =>
      `${client.padEnd(wide)} | ${result.padEnd(12)} | ${call}${why ? ` (${why.replaceAll(/\s+/g, ' ').slice(0, 300)})` : ''}`;
    const counts = ['passed', 'failed', 'not possible'].map(
      (result) => `${this.rows.filter((row) => row.result === result).length} ${result}`,
    );
    const sorted = this.rows.toSorted((a, b) => a.client.localeCompare(b.client));
    return [...sorted.map(line), `${this.rows.length} calls: ${counts.join(', ')}`].join('\n');
  }
}

/** Where one client writes its rows. */
export class ClientRows {
  constructor(
    readonly client: string,
    private readonly rows: Row[],
    private readonly tell: (names: readonly string[]) => void,
  ) {}

  /** Everything that the client is able to do; each name must be covered by a row. */
  has(names: readonly string[]): void {
    this.tell(names);
  }

  add(row: Omit<Row, 'client'>): void {
    this.rows.push({ client: this.client, ...row });
    if (process.env['TEST_CLIENTS']) console.log(`${row.result} ${this.client}: ${row.call} ${row.why ?? ''}`);
  }

  /** Makes a call and writes its row; what it throws is the row's reason. @returns what the call gave, or nothing */
  async row<T>(call: string, run: () => Promise<T>, covers: readonly string[] = []): Promise<T | undefined> {
    try {
      const value = await run();
      this.add({ call, result: 'passed', covers });
      return value;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.add({ call, result: error instanceof NotPossible ? 'not possible' : 'failed', why, covers });
      return undefined;
    }
  }

  /** As `row`, for what the rest needs. @throws what it threw */
  async must<T>(call: string, run: () => Promise<T>, covers: readonly string[] = []): Promise<T> {
    let thrown: unknown;
    const value = await this.row(
      call,
      async () => {
        try {
          return { value: await run() };
        } catch (error) {
          thrown = error;
          throw error;
        }
      },
      covers,
    );
    if (!value) throw thrown;
    return value.value;
  }

  failed(): Row[] {
    return this.rows.filter((row) => row.client === this.client && row.result === 'failed');
  }
}
