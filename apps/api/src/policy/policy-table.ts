import { RequestMethod } from '@nestjs/common';
import type { DescribedRoute } from '../http/completeness.js';
import { RULE_NOTES, type Rule } from './default-rules.js';
import type { EffectiveRule } from './rule-set.js';

/** A rule as `npm run policy -- list` shows it. */
export interface ListedRule extends EffectiveRule {
  /** What it decides: `POST /v1/clusters`. Helpers of other rules and unknown ones decide nothing. */
  readonly operations: readonly string[];
}

export function listRules(rules: readonly EffectiveRule[], routes: readonly DescribedRoute[]): ListedRule[] {
  const operations = (name: string): string[] => {
    const guarded = routes
      .filter(({ spec }) => spec.rules !== 'public' && (spec.rules as readonly string[]).includes(name))
      .map(({ method, path }) => `${RequestMethod[method]} ${path.replace(/:(\w+)/g, '{$1}')}`);
    const note = RULE_NOTES[name as Rule];
    return guarded.length === 0 && note !== undefined ? [note] : guarded;
  };
  return rules.map((rule) => ({ ...rule, operations: operations(rule.name) }));
}

/** One line for each operation of each rule; columns as wide as they must be. */
export function toTable(rules: readonly ListedRule[]): string {
  const head = ['RULE', 'SOURCE', 'CHECK', 'OPERATIONS'];
  const lines = rules.flatMap(({ name, source, check, operations }) => {
    const [first = '', ...more] = operations;
    return [[name, source, check, first], ...more.map((one) => ['', '', '', one])];
  });
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0)));
  return [head, ...lines]
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
