import type { OperationKind } from '#libs/domain';
import type { CaseResult } from './case.js';
import { FAULT_CLASSES, FAULT_NAMES, outcomeOf } from './faults.js';
import type { Scenario } from './scenarios/scenario.js';

interface Cell {
  runs: number;
  met: number;
  ended: number;
  failed: number;
  orphans: number;
  duplicates: number;
  wrongStatus: number;
  missingReason: number;
}

const COLUMNS = ['runs', 'met', 'ended', 'told', 'orphans', 'duplicates', 'wrong status', 'missing reason'];

/** What was seen: a line for each operation and class of faults. */
export class ResultTable {
  private readonly cells = new Map<string, Cell>();
  private readonly kinds: ReadonlyMap<string, OperationKind>;
  runs = 0;

  constructor(scenarios: readonly Scenario[]) {
    this.kinds = new Map(scenarios.map(({ name, kind }) => [name, kind]));
  }

  add({ case: one, finding, struck, broken }: CaseResult): void {
    const kind = this.kinds.get(one.scenario) ?? one.scenario;
    const key = `${kind}\t${classOf(one)}`;
    const cell = this.cells.get(key) ?? newCell();
    this.cells.set(key, cell);
    this.runs++;
    cell.runs++;
    if (struck === one.strikes.length) cell.met++;
    if (finding.ended) cell.ended++;
    if (finding.ended && !finding.complete && one.strikes.some((strike) => outcomeOf(strike) === 'told')) cell.failed++;
    cell.orphans += Math.min(1, finding.orphans.length);
    cell.duplicates += Math.min(1, finding.duplicates.length);
    cell.wrongStatus += Math.min(1, finding.wrongStatus.length + (broken === undefined ? 0 : 1));
    cell.missingReason += Math.min(1, finding.missingReason.length);
  }

  /** Markdown. */
  toString(): string {
    const order = (key: string): [string, number] => {
      const [kind = '', name = ''] = key.split('\t');
      return [kind, FAULT_NAMES.findIndex((known) => known === name)];
    };
    const kinds = [...new Set(this.kinds.values())];
    const keys = [...this.cells.keys()].toSorted((a, b) => {
      const [[kindA, placeA], [kindB, placeB]] = [order(a), order(b)];
      return (
        kinds.indexOf(kindA as OperationKind) - kinds.indexOf(kindB as OperationKind) ||
        ((placeA + 99) % 99) - ((placeB + 99) % 99)
      );
    });
    const total = newCell();
    const rows = keys.map((key) => {
      const cell = this.cells.get(key) ?? newCell();
      for (const name of Object.keys(total) as (keyof Cell)[]) total[name] += cell[name];
      return [...key.split('\t'), ...numbers(cell)];
    });
    return markdown([['operation', 'fault', ...COLUMNS], ...rows, ['**all**', '', ...numbers(total)]]);
  }
}

const newCell = (): Cell => ({
  runs: 0,
  met: 0,
  ended: 0,
  failed: 0,
  orphans: 0,
  duplicates: 0,
  wrongStatus: 0,
  missingReason: 0,
});

const numbers = (cell: Cell): string[] =>
  [cell.runs, cell.met, cell.ended, cell.failed, cell.orphans, cell.duplicates, cell.wrongStatus, cell.missingReason].map(String);

function classOf({ strikes }: CaseResult['case']): string {
  if (strikes.length === 0) return 'none';
  return strikes.length === 1 ? (strikes[0]?.fault ?? 'none') : 'two faults';
}

function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((text, column) => (column < 2 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(rows[0] ?? []), rule, ...rows.slice(1).map(line)].join('\n');
}

/** The classes in words, with what each must come to. */
export function legend(): string {
  const lines = FAULT_NAMES.map((name) => {
    const { sentence, outcome } = FAULT_CLASSES[name];
    return `- \`${name}\`: ${sentence}; ${outcome === 'survived' ? 'COMPLETE' : 'COMPLETE, or FAILED with its reason'}`;
  });
  return lines.join('\n');
}
