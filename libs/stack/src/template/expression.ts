import type { TemplatePlace } from './errors.js';

/**
 * A value of a template, read once. Whatever needs nothing else is one `literal`, however deep, so that resolving a
 * thousand servers copies only what differs between them.
 */
export type Expression =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, Expression])[] }
  | { readonly kind: 'call'; readonly name: string; readonly call: Call };

/** What an expression needs before it can be resolved. */
export interface References {
  readonly parameters: Set<string>;
  /** By `get_resource`. */
  readonly resources: Set<string>;
  /** By `get_attr`: logical name and attribute. */
  readonly attributes: {
    readonly resource: string;
    readonly attribute: string;
    /** As it stands in the template. */
    readonly path: readonly unknown[];
    readonly place: TemplatePlace;
  }[];
}

export const noReferences = (): References => ({ parameters: new Set(), resources: new Set(), attributes: [] });

/** A function with its arguments read: gives its value. */
export type Call = (scope: Scope) => unknown;

/** Where the values come from while resolving. */
export interface Scope {
  parameter(name: string): unknown;
  resourceId(logicalName: string): string;
  /** PerMember where each member of a group has a value of its own. */
  attribute(logicalName: string, attribute: string): unknown;
}

/** One value for each member of a group, in order; a list of them, or a map by their names. */
export class PerMember {
  constructor(
    private readonly values: readonly (readonly [name: string, value: unknown])[],
    private readonly shape: 'list' | 'map' = 'list',
  ) {}

  map(take: (value: unknown) => unknown): unknown {
    const taken = this.values.map(([name, value]): [string, unknown] => [name, take(value)]);
    return this.shape === 'map' ? Object.fromEntries(taken) : taken.map(([, value]) => value);
  }
}

/** @throws whatever the scope throws for what is not there yet; TemplateError when a function meets a value it cannot take */
export function resolveExpression(expression: Expression, scope: Scope): unknown {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'list':
      return expression.items.map((item) => resolveExpression(item, scope));
    case 'map':
      return Object.fromEntries(expression.entries.map(([key, item]) => [key, resolveExpression(item, scope)]));
    case 'call':
      return expression.call(scope);
  }
}
