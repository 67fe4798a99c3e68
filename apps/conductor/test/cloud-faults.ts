import type { FaultRule } from '#libs/sandbox';

/** A fault of the sandbox: Nova takes the request for a server whose body has this text, and finds no host for it. */
export const noRoomFor = (server: string): FaultRule => ({
  kind: 'outcome',
  service: 'compute',
  method: 'POST',
  path: '/servers$',
  body_matches: server,
  outcome: 'error',
  reason: 'No valid host was found. There are not enough hosts available.',
});
