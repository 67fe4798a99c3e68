import { z } from 'zod';

/** Pieces of answers. */
export const textOf = (description: string): z.ZodString => z.string().meta({ description });
export const nullableText = (description: string): z.ZodNullable<z.ZodString> => z.string().nullable().meta({ description });
export const numberOf = (description: string): z.ZodNumber => z.number().meta({ description, type: 'integer' });
export const nullableNumber = (description: string): z.ZodNullable<z.ZodNumber> => z.number().nullable().meta({ description });
export const labelsView = (description: string): z.ZodRecord<z.ZodString, z.ZodString> =>
  z.record(z.string(), z.string()).meta({ description });

export const createdAt = nullableText('When it was made: RFC 3339 with offset');
export const updatedAt = nullableText('When it was changed; null until the first change');

/** `2026-11-20T20:08:43+00:00`: offset form, no fraction, as Magnum on MariaDB. Reference section 3.4. */
export function wireTime(time: Date): string;
export function wireTime(time: Date | null): string | null;
export function wireTime(time: Date | null): string | null {
  return time === null ? null : `${time.toISOString().slice(0, 19)}+00:00`;
}
