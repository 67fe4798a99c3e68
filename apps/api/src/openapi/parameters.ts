import { VERSION_HEADER } from '#libs/domain';

/** Headers that every route with a token understands. */
const PARAMETERS: readonly Record<string, unknown>[] = [
  {
    name: VERSION_HEADER,
    in: 'header',
    required: false,
    description: 'Microversion; 1.1 without the header. `container-infra latest` is the newest.',
    schema: { type: 'string' },
    example: 'container-infra latest',
  },
  {
    name: 'X-OpenStack-Request-Id',
    in: 'header',
    required: false,
    description: 'A global request id, for the log; the answer has an id of its own.',
    schema: { type: 'string' },
    example: 'req-8e03978e-40d5-43e8-bc93-6894a57f9324',
  },
];

const header = (name: string, description: string, example: string): Record<string, unknown> => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string' },
  example,
});

/** Headers of the routes that change something. */
const CHANGE_PARAMETERS: readonly Record<string, unknown>[] = [
  header(
    'Idempotency-Key',
    'A text of the client’s own, new for each request, 1 to 255 visible characters. Sent again with the same request it gets the ' +
      'first one’s answer, for a day; with another request 422. Answers of 401, 403 and 5xx are not kept.',
    '8e03978e-40d5-43e8-bc93-6894a57f9324',
  ),
  header(
    'If-Match',
    'Entity tags as `ETag` gave them: only if one of them is still the resource’s own is it changed, else 412. `*`: whatever is ' +
      'there. Actions, the CA and the credentials of a cluster go by the cluster’s tag.',
    '"xzM8u5RcIPlbTStyd1lAQNQuZ5Ppq1TX"',
  ),
];

/** Of those that show something. */
const READ_PARAMETERS: readonly Record<string, unknown>[] = [
  header(
    'If-None-Match',
    'Entity tags that the client has: 304 without a body when one of them is still right.',
    '"xzM8u5RcIPlbTStyd1lAQNQuZ5Ppq1TX"',
  ),
];

type Json = Record<string, unknown>;

const nameOf = (parameter: Json): string => String(parameter['name']).replace(/-/g, '');

/** Once among the components. */
export const SHARED_PARAMETERS: Readonly<Record<string, Json>> = Object.fromEntries(
  [...PARAMETERS, ...CHANGE_PARAMETERS, ...READ_PARAMETERS].map((parameter) => [nameOf(parameter), parameter]),
);

/** The headers of a route that changes something, or shows something. */
export const headerParameters = (changes: boolean): Json[] =>
  [...PARAMETERS, ...(changes ? CHANGE_PARAMETERS : READ_PARAMETERS)].map((parameter) => ({
    $ref: `#/components/parameters/${nameOf(parameter)}`,
  }));
