import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { defineResource } from '../../resource.js';
import { integer, text } from '../fields.js';
import { local } from './local.js';

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
/** Source: heat/engine/resources/openstack/heat/random_string.py and heat/common/password_gen.py. */
const CLASSES = {
  lettersdigits: LOWER + LOWER.toUpperCase() + DIGITS,
  letters: LOWER + LOWER.toUpperCase(),
  lowercase: LOWER,
  uppercase: LOWER.toUpperCase(),
  digits: DIGITS,
  hexdigits: `${DIGITS}ABCDEF`,
  octdigits: '01234567',
} as const;
const characterClass = z.strictObject({
  class: z.enum(Object.keys(CLASSES) as (keyof typeof CLASSES)[]).default('lettersdigits'),
  min: integer(1, 512).default(1),
});
const characterSequence = z.strictObject({ sequence: text().pipe(z.string().min(1)), min: integer(1, 512).default(1) });

const properties = z
  .strictObject({
    length: integer(1, 512).default(32),
    character_classes: z.array(characterClass).optional(),
    character_sequences: z.array(characterSequence).optional(),
    /** Another text for the same properties. */
    salt: text().optional(),
  })
  .refine((given) => needed(given) <= given.length, 'length is less than the characters that must be in it');
type Properties = z.infer<typeof properties>;

interface Wanted {
  readonly character_classes?: readonly { readonly min: number }[] | undefined;
  readonly character_sequences?: readonly { readonly min: number }[] | undefined;
}

function needed({ character_classes = [], character_sequences = [] }: Wanted): number {
  return [...character_classes, ...character_sequences].reduce((sum, { min }) => sum + min, 0);
}

function generate({ length, character_classes = [], character_sequences = [] }: Properties): string {
  const given = [
    ...character_classes.map((one) => ({ set: CLASSES[one.class], min: one.min })),
    ...character_sequences.map(({ sequence, min }) => ({ set: sequence, min })),
  ];
  const sets = given.length > 0 ? given : [{ set: CLASSES.lettersdigits, min: 1 }];
  const any = sets.map(({ set }) => set).join('');
  const characters = sets.flatMap(({ set, min }) => Array.from({ length: min }, () => pick(set)));
  while (characters.length < length) characters.push(pick(any));
  return shuffled(characters).join('');
}

const pick = (set: string): string => set[randomInt(set.length)] ?? '';

function shuffled(items: string[]): string[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [items[last], items[other]] = [items[other] ?? '', items[last] ?? ''];
  }
  return items;
}

/**
 * OS::Heat::RandomString: a text by chance, the same until its properties change. Its value is a secret: kept sealed, and what
 * is made from it does not store it. `get_resource` does not give it, `get_attr: [name, value]` does.
 */
export const randomString = defineResource({
  type: 'OS::Heat::RandomString',
  properties,
  updatable: [],
  attributes: ['value'],
  secret: ['value'],
  withoutId: true,
  ...local,
  create: (ctx, p) => Promise.resolve({ id: ctx.resourceId, attributes: { value: generate(p) } }),
  poll: () => Promise.resolve('done'),
  update: () => Promise.resolve('replace'),
  read: () => Promise.reject(new Error('a random string is read from its row')),
});
