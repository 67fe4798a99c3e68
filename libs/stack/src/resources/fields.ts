import { z } from 'zod';

/**
 * The words of HOT's property types. A template's value may have come through a parameter or a function as text, so
 * numbers and flags are taken as text too, as Heat does.
 */
export const text = (): z.ZodType<string> => z.union([z.string(), z.number().transform(String)]);

export const integer = (min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER): z.ZodType<number> =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^-?\d+$/, 'a whole number')
        .transform(Number),
    ])
    .pipe(z.number().int().min(min).max(max));

export const port = (): z.ZodType<number> => integer(0, 65_535);

export const flag = (): z.ZodType<boolean> =>
  z.union([
    z.boolean(),
    z
      .string()
      .regex(/^(true|false|yes|no|on|off|1|0)$/i, 'true or false')
      .transform((word) => /^(true|yes|on|1)$/i.test(word)),
  ]);

/** What another resource or a parameter says: an id, or a name where the service takes one. */
export const reference = (): z.ZodType<string> => text().pipe(z.string().min(1));

export const texts = (): z.ZodType<string[]> => z.array(text());
export const textMap = (): z.ZodType<Record<string, string>> => z.record(z.string(), text());

/** Fields of the service that Heat has no property for, put into the body as they are. */
export const valueSpecs = (): z.ZodType<Record<string, unknown>> => z.record(z.string(), z.unknown());

/** Without the fields that are not given: to the services, absent and null differ. */
export function given<T extends object>(body: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** One of two spellings must be there. */
export const oneOf =
  (...names: string[]) =>
  (properties: Record<string, unknown>): boolean =>
    names.some((name) => properties[name] !== undefined);
