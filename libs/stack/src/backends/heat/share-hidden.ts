/** Below this a request is far from what Heat takes (`max_json_body_size`, 1 MiB by default). */
const WORTH_BYTES = 64 * 1024;
const HEAD = 'hidden_head';
const TAIL = 'hidden_tail';

type Document = Readonly<Record<string, unknown>>;
type Parameters = Readonly<Record<string, string>>;

/**
 * User data of many nodes differ in some lines: what all hidden values begin and end with is sent once. To the resources
 * the values are what they were.
 * @returns template and hidden parameters, as they came where it is not worth it
 */
export function shareHidden(template: Document, hidden: Parameters): { template: Document; hidden: Parameters } {
  const values = Object.values(hidden);
  const size = values.reduce((sum, value) => sum + value.length, 0);
  if (values.length < 2 || size < WORTH_BYTES) return { template, hidden };
  const head = commonHead(values);
  const tail = commonTail(values.map((value) => value.slice(head.length)));
  const middle = (value: string): string => value.slice(head.length, value.length - tail.length);
  const whole = (name: string): object => ({ list_join: ['', [HEAD, name, TAIL].map((one) => ({ get_param: one }))] });
  const parameters = template['parameters'] as Document;
  const kept = { type: 'string', hidden: true };
  return {
    template: {
      ...template,
      parameters: { ...parameters, [HEAD]: kept, [TAIL]: kept },
      resources: replaced(template['resources'], (name) => (Object.hasOwn(hidden, name) ? whole(name) : undefined)),
    },
    hidden: {
      [HEAD]: head,
      [TAIL]: tail,
      ...Object.fromEntries(Object.entries(hidden).map(([name, value]) => [name, middle(value)])),
    },
  };
}

/** The same with other expressions in the place of `{ get_param: name }`. */
function replaced(value: unknown, other: (name: string) => object | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => replaced(item, other));
  if (typeof value !== 'object' || value === null) return value;
  const { get_param: name, ...rest } = value as Document;
  if (typeof name === 'string' && Object.keys(rest).length === 0) return other(name) ?? value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item, other)]));
}

function commonHead(values: readonly string[]): string {
  const [first = ''] = values;
  return first.slice(
    0,
    wholeCharacters(
      first,
      commonLength(values, (value, at) => value.charCodeAt(at)),
    ),
  );
}

function commonTail(values: readonly string[]): string {
  const [first = ''] = values;
  const length = commonLength(values, (value, at) => value.charCodeAt(value.length - 1 - at));
  const start = first.length - length;
  return first.slice(isSecondHalf(first.charCodeAt(start)) ? start + 1 : start);
}

/** How many characters from one end are the same in all. */
function commonLength([first = '', ...others]: readonly string[], unit: (value: string, at: number) => number): number {
  const shortest = Math.min(first.length, ...others.map((value) => value.length));
  let length = 0;
  while (length < shortest && others.every((value) => unit(value, length) === unit(first, length))) length++;
  return length;
}

/** No half of a character is sent alone. */
const wholeCharacters = (text: string, length: number): number => (isSecondHalf(text.charCodeAt(length)) ? length - 1 : length);

const isSecondHalf = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;
