import type { Deviation, Found } from './deviations.js';
import { nameOf } from './script.js';
import type { Exchange } from './side.js';

export interface Result {
  readonly magnum: Exchange;
  readonly ours: Exchange;
  readonly differences: readonly { readonly found: Found; readonly by: Deviation | undefined }[];
}

export interface Report {
  readonly results: readonly Result[];
  readonly deviations: readonly Deviation[];
  /** What the cloud holds that it did not hold before. */
  readonly left: readonly string[];
  /** What was waited for in vain. */
  readonly missed: readonly { readonly side: string; readonly wait: string; readonly why: string }[];
}

export interface Verdict {
  readonly unexplained: readonly Found[];
  readonly idle: readonly Deviation[];
}

export function judge({ results, deviations }: Report): Verdict {
  const all = results.flatMap(({ differences }) => differences);
  const used = new Set(all.map(({ by }) => by));
  return {
    unexplained: all.filter(({ by }) => by === undefined).map(({ found }) => found),
    idle: deviations.filter((one) => !used.has(one)),
  };
}

/** The whole comparison as Markdown: what is open first, then the explained, then request by request. */
export function renderReport(report: Report): string {
  const { unexplained, idle } = judge(report);
  const same = report.results.filter(({ differences }) => differences.length === 0).length;
  return [
    '# Magnum and Jeroboam on the same cloud',
    '',
    `${report.results.length} requests to both; ${same} answers wholly the same; ${unexplained.length} differences without explanation; ` +
      `${idle.length} explanations without a difference; ${report.left.length} things left in the cloud.`,
    '',
    ...section('Without explanation', unexplained, ['Request', 'Part', 'Magnum', 'Jeroboam'], (one) => [
      one.request,
      one.part,
      one.magnum,
      one.ours,
    ]),
    ...section('Explanations without a difference', idle, ['Id', 'Reason'], ({ id, reason }) => [id, reason]),
    ...section('Waited for in vain', report.missed, ['Side', 'What', 'Why'], ({ side, wait, why }) => [side, wait, why]),
    ...section('Left in the cloud', report.left, ['What'], (one) => [one]),
    ...explained(report),
    ...section('Requests', report.results, ['Request', 'Sent', 'As', 'Version', 'Magnum', 'Jeroboam', 'Result'], requestRow),
  ].join('\n');
}

function explained({ results, deviations }: Report): string[] {
  const all = results.flatMap(({ differences }) => differences);
  const rows = deviations.flatMap((deviation) => {
    const mine = all.filter(({ by }) => by === deviation).map(({ found }) => found);
    const kinds = new Map<string, Found[]>();
    for (const one of mine) {
      const key = JSON.stringify([one.part, one.magnum, one.ours]);
      kinds.set(key, [...(kinds.get(key) ?? []), one]);
    }
    return [...kinds.values()].map((same) => ({ deviation, same }));
  });
  return section(
    'Explained',
    rows,
    ['Id', 'Times', 'First at', 'Part', 'Magnum', 'Jeroboam', 'Reason'],
    ({ deviation, same }) => {
      const [first] = same;
      const { id, reason } = deviation;
      return [id, String(same.length), first?.request ?? '', first?.part ?? '', first?.magnum ?? '', first?.ours ?? '', reason];
    },
  );
}

function requestRow({ magnum, ours, differences }: Result): string[] {
  const { request } = magnum;
  const ids = [...new Set(differences.map(({ by }) => by?.id ?? '**without explanation**'))];
  return [
    nameOf(request),
    request.send,
    request.as,
    request.version ?? request.headers['openstack-api-version'] ?? '',
    String(magnum.answer.status),
    String(ours.answer.status),
    ids.length === 0 ? 'same' : ids.join(', '),
  ];
}

function section<T>(
  title: string,
  rows: readonly T[],
  columns: readonly string[],
  cells: (row: T) => readonly string[],
): string[] {
  if (rows.length === 0) return [];
  const line = (parts: readonly string[]): string => `| ${parts.map(cell).join(' | ')} |`;
  return [`## ${title}`, '', line(columns), line(columns.map(() => '---')), ...rows.map((row) => line(cells(row))), ''];
}

const cell = (text: string): string => {
  const flat = text.replace(/\s+/g, ' ').replaceAll('|', '\\|');
  return flat.length > 300 ? `${flat.slice(0, 300)} …` : flat;
};
