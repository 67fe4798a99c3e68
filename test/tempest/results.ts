export type Outcome = 'passed' | 'failed' | 'skipped';

export interface TestResult {
  readonly test: string;
  readonly outcome: Outcome;
  /** Of a skip, as tempest tells it. */
  readonly why: string;
}

const LINE = /^\{\d+\} (.+?) \[[\d.]+s\] \.\.\. (ok|FAILED|SKIPPED:? ?(.*))$/;
const PREFIX = /^magnum_tempest_plugin\.tests\.api\.v1\./;

/**
 * What `tempest run` has printed, test by test: `{0} module.Class.test[attributes] [1.2s] ... ok`. A class that is skipped or
 * fails before its tests has one line, `setUpClass (module.Class)`.
 */
export function readResults(output: string): TestResult[] {
  return output.split('\n').flatMap((line) => {
    const [, id, outcome = '', reason = ''] = LINE.exec(line.trimEnd()) ?? [];
    if (id === undefined) return [];
    const test = id
      .replace(/^setUpClass \((.*)\)$/, '$1.setUpClass')
      .replace(/\[[^\]]*\]$/, '')
      .replace(PREFIX, '');
    return [{ test, outcome: outcome === 'ok' ? 'passed' : outcome === 'FAILED' ? 'failed' : 'skipped', why: reason }];
  });
}

/** What cannot pass, and why: test name to reason. */
export type Known = Readonly<Record<string, string>>;

export interface Judgement {
  readonly table: string;
  readonly good: number;
  readonly bad: number;
}

/** A failure or a skip is good when its reason is known; a known one that passes is bad, as its reason is out of date. */
export function judge(results: readonly TestResult[], known: Known): Judgement {
  const rows = results.map(({ test, outcome, why }) => {
    const reason = known[test];
    const expected = reason !== undefined;
    const good = outcome === 'passed' ? !expected : expected;
    const words =
      outcome === 'passed' ? (expected ? `should not pass: ${reason}` : '') : [reason, why].filter(Boolean).join('; ');
    return { good, line: `| ${test} | ${outcome} | ${good ? words : `**unexpected** ${words}`.trim()} |` };
  });
  const missing = Object.keys(known).filter((test) => !results.some((one) => one.test === test));
  const lines = [
    '| Test | Result | Why |',
    '| --- | --- | --- |',
    ...rows.map(({ line }) => line),
    ...missing.map((test) => `| ${test} | not run | **unexpected** it is known: ${known[test] ?? ''} |`),
  ];
  const good = rows.filter((row) => row.good).length;
  return { table: lines.join('\n'), good, bad: rows.length - good + missing.length };
}
