import { JeroboamError, type ErrorCode } from '#libs/domain';

/** What a node is told when it does not get what it wants. */
export class BootstrapRefusal extends JeroboamError {
  constructor(
    readonly status: number,
    readonly code: ErrorCode,
    readonly title: string,
    message: string,
    /** Seconds after which to ask again; undefined: never. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

export const unknownNode = (): BootstrapRefusal =>
  new BootstrapRefusal(404, 'node-not-found', 'Not Found', 'There is no such node.');
export const unauthenticated = (): BootstrapRefusal =>
  new BootstrapRefusal(401, 'token-refused', 'Unauthorized', 'The report token is not this node’s.');
export const nonceRefused = (): BootstrapRefusal =>
  new BootstrapRefusal(403, 'nonce-refused', 'Forbidden', 'The nonce is not this node’s.');
export const tooOld = (): BootstrapRefusal =>
  new BootstrapRefusal(403, 'node-too-old', 'Forbidden', 'The time in which this node could fetch its bundle is over.');
export const wrongSource = (): BootstrapRefusal =>
  new BootstrapRefusal(403, 'source-refused', 'Forbidden', 'The request does not come from an address of this node.');
export const alreadyFetched = (): BootstrapRefusal =>
  new BootstrapRefusal(403, 'bundle-used', 'Forbidden', 'The bundle of this node was fetched before.');
export const beingDeleted = (): BootstrapRefusal =>
  new BootstrapRefusal(410, 'cluster-deleted', 'Gone', 'The cluster is being deleted.');
export const leaving = (): BootstrapRefusal => new BootstrapRefusal(410, 'node-leaving', 'Gone', 'The node is to go.');
export const notYet = (why: string): BootstrapRefusal => new BootstrapRefusal(503, 'not-yet', 'Service Unavailable', why, 1);
