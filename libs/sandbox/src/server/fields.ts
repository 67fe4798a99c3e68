import type { ApiError } from './api-error.js';
import type { Json } from './call.js';

export const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** How a service words a value it cannot take. */
export type Invalid = (field: string, value: unknown, reason: string) => ApiError;

/** Typed reading of a request's object. Absent is not null; both fall back unless said otherwise. */
export class Fields {
  constructor(
    readonly source: Json,
    private readonly invalid: Invalid,
  ) {}

  has(name: string): boolean {
    return this.source[name] !== undefined;
  }

  text(name: string, max = 255): string {
    const value = this.optionalText(name, max);
    if (value === undefined) throw this.invalid(name, null, `'${name}' is a required property`);
    return value;
  }

  optionalText(name: string, max = 255): string | undefined {
    const value = this.source[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string') throw this.invalid(name, value, `${JSON.stringify(value)} is not of type 'string'`);
    if (value.length > max) throw this.invalid(name, value, `'${value.slice(0, 64)}' is too long`);
    return value;
  }

  integer(name: string, min: number, max: number): number {
    const value = this.optionalInteger(name, min, max);
    if (value === undefined) throw this.invalid(name, null, `'${name}' is a required property`);
    return value;
  }

  optionalInteger(name: string, min: number, max: number): number | undefined {
    const value = this.source[name];
    if (value === undefined || value === null) return undefined;
    const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number))
      throw this.invalid(name, value, `${JSON.stringify(value)} is not an integer`);
    if (number < min || number > max) throw this.invalid(name, value, `${String(number)} is not between ${min} and ${max}`);
    return number;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.source[name];
    if (value === undefined || value === null) return fallback;
    if (typeof value === 'boolean') return value;
    if (typeof value === 'string' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true';
    throw this.invalid(name, value, `${JSON.stringify(value)} is not of type 'boolean'`);
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback?: T): T {
    const value = this.source[name];
    if ((value === undefined || value === null) && fallback !== undefined) return fallback;
    if (typeof value === 'string' && (choices as readonly string[]).includes(value)) return value as T;
    throw this.invalid(
      name,
      value,
      `${JSON.stringify(value ?? null)} is not one of [${choices.map((choice) => `'${choice}'`).join(', ')}]`,
    );
  }

  object(name: string): Fields | undefined {
    const value = this.source[name];
    if (value === undefined || value === null) return undefined;
    if (!isObject(value)) throw this.invalid(name, value, `${JSON.stringify(value)} is not of type 'object'`);
    return new Fields(value, this.invalid);
  }

  texts(name: string): string[] | undefined {
    const value = this.source[name];
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value)) throw this.invalid(name, value, `${JSON.stringify(value)} is not of type 'array'`);
    return value.map((item: unknown) => {
      if (typeof item !== 'string') throw this.invalid(name, item, `${JSON.stringify(item)} is not of type 'string'`);
      return item;
    });
  }

  objects(name: string): Fields[] | undefined {
    const value = this.source[name];
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value)) throw this.invalid(name, value, `${JSON.stringify(value)} is not of type 'array'`);
    return value.map((item: unknown) => {
      if (!isObject(item)) throw this.invalid(name, item, `${JSON.stringify(item)} is not of type 'object'`);
      return new Fields(item, this.invalid);
    });
  }

  /** An object with text values, such as metadata. */
  map(name: string): Record<string, string> | undefined {
    const fields = this.object(name);
    if (fields === undefined) return undefined;
    const map: Record<string, string> = {};
    for (const key of Object.keys(fields.source)) map[key] = fields.optionalText(key) ?? '';
    return map;
  }

  /** Refuses names other than these. */
  only(names: readonly string[]): void {
    for (const name of Object.keys(this.source)) {
      if (!names.includes(name))
        throw this.invalid(name, this.source[name], `Additional properties are not allowed ('${name}' was unexpected)`);
    }
  }
}
