import { TemplateError, type TemplatePlace } from './errors.js';
import { noReferences, resolveExpression, type Scope } from './expression.js';
import { contains, equals } from './functions/collections.js';
import { isList, isMap, type Read } from './functions/reader.js';
import { yaql } from './functions/texts.js';
import { PSEUDO_PARAMETERS, type ParameterSchema } from './parameters.js';
import { parseExpression } from './parse-expression.js';

/** Functions of values that give true or false. Source: heat/engine/hot/template.py, condition_functions since 2017-09-01. */
const tests: ReadonlyMap<string, Read> = new Map([
  ['equals', equals],
  ['contains', contains],
  ['yaql', yaql],
]);

/**
 * The conditions of a template. They need parameters alone, so that they are known before anything is made: what is left out
 * by them is as if the template did not mention it.
 */
export class Conditions {
  private readonly known = new Map<string, boolean | 'being found out'>();

  /** @param value of a parameter; TemplateError when there is none */
  constructor(
    private readonly definitions: Readonly<Record<string, unknown>>,
    private readonly parameters: ReadonlyMap<string, ParameterSchema>,
    private readonly value: (parameter: string) => unknown,
  ) {}

  /** Finds all of them out, whether they are used or not. @throws TemplateError */
  check(): void {
    for (const name of Object.keys(this.definitions)) this.named(name, { section: 'conditions', name });
  }

  /** @param condition true or false, the name of a condition, or not, and, or, equals, contains, yaql @throws TemplateError */
  readonly holds = (condition: unknown, place: TemplatePlace): boolean => {
    if (typeof condition === 'boolean') return condition;
    if (typeof condition === 'string') return this.named(condition, place);
    const [word, ...more] = isMap(condition) ? Object.keys(condition) : [];
    if (!isMap(condition) || word === undefined || more.length > 0) {
      throw new TemplateError('a condition is true, false, the name of one, or one of not, and, or, equals, contains', place);
    }
    const argument = condition[word];
    switch (word) {
      case 'not':
        // Heat takes a list of one too.
        return !this.holds(isList(argument) && argument.length === 1 ? argument[0] : argument, place);
      case 'and':
        return this.several(word, argument, place).every((one) => this.holds(one, place));
      case 'or':
        return this.several(word, argument, place).some((one) => this.holds(one, place));
      case 'get_param':
        return this.truth(condition, place);
      default:
        return this.test(word, argument, place);
    }
  };

  /** A value that needs parameters alone. @throws TemplateError it needs more, or what may not be known */
  resolve(value: unknown, place: TemplatePlace): unknown {
    const references = noReferences();
    const expression = parseExpression(value, { place, references, holds: this.holds });
    this.checkReferences(references, place);
    return expression && resolveExpression(expression, this.scope);
  }

  private named(name: string, place: TemplatePlace): boolean {
    if (!Object.hasOwn(this.definitions, name)) throw new TemplateError(`there is no condition ${name}`, place);
    const known = this.known.get(name);
    if (known === 'being found out') throw new TemplateError(`the condition ${name} needs itself`, place);
    if (known !== undefined) return known;
    this.known.set(name, 'being found out');
    const holds = this.holds(this.definitions[name], { section: 'conditions', name });
    this.known.set(name, holds);
    return holds;
  }

  private several(word: string, argument: unknown, place: TemplatePlace): readonly unknown[] {
    if (isList(argument) && argument.length >= 2) return argument;
    throw new TemplateError(`${word} needs a list of two conditions or more`, place);
  }

  private truth(value: unknown, place: TemplatePlace): boolean {
    const truth = this.resolve(value, place);
    if (typeof truth === 'boolean') return truth;
    throw new TemplateError('a parameter that is a condition must be a boolean', place);
  }

  private test(word: string, argument: unknown, place: TemplatePlace): boolean {
    const read = tests.get(word);
    if (!read) throw new TemplateError(`the function ${word} is not for conditions`, place);
    const references = noReferences();
    const inner = (part: unknown) =>
      parseExpression(part, { place, references, holds: this.holds }) ?? ({ kind: 'literal', value: null } as const);
    const call = read(argument, { place, references, inner });
    this.checkReferences(references, place);
    return call(this.scope) === true;
  }

  private checkReferences(references: ReturnType<typeof noReferences>, place: TemplatePlace): void {
    if (references.resources.size > 0 || references.attributes.length > 0) {
      throw new TemplateError('must be known before anything is made: it can use parameters, not resources', place);
    }
    const unknown = [...references.parameters].find((name) => !this.parameters.has(name) && !PSEUDO_PARAMETERS.includes(name));
    if (unknown !== undefined) throw new TemplateError(`there is no parameter ${unknown}`, place);
    // What a stack consists of is stored.
    const secret = [...references.parameters].find((name) => this.parameters.get(name)?.hidden);
    if (secret !== undefined) throw new TemplateError(`cannot depend on the hidden parameter ${secret}`, place);
  }

  private readonly scope: Scope = {
    parameter: (name) => this.value(name),
    resourceId: () => undefined as never,
    attribute: () => undefined,
  };
}
