import { existsSync, readFileSync } from 'node:fs';

export interface Shown {
  /** What it shows. */
  readonly summary: string;
  readonly value: unknown;
}

/** By route (`POST /v1/clusters`): bodies that work, and answers by status; each under a name. */
export type Examples = Readonly<
  Record<
    string,
    {
      readonly requests: Readonly<Record<string, Shown>>;
      readonly responses: Readonly<Record<string, Readonly<Record<string, Shown>>>>;
    }
  >
>;

/** Beside dist in an image, in the sources of a checkout. */
const PLACES = [
  new URL('../../assets/examples.json', import.meta.url),
  new URL('../../../../../apps/api/assets/examples.json', import.meta.url),
];

/** What the service really answered, as `npm run golden -- --update` has written it. */
export function readExamples(): Examples {
  const place = PLACES.find((url) => existsSync(url));
  return place ? (JSON.parse(readFileSync(place, 'utf8')) as Examples) : {};
}
