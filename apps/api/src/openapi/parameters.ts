import { VERSION_HEADER } from '#libs/domain';

/** Headers that every route with a token understands. */
export const PARAMETERS: readonly Record<string, unknown>[] = [
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
  },
];
