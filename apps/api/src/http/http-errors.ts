import { JeroboamError, MAX_VERSION, MIN_VERSION, VERSION_SERVICE, type Microversion } from '#libs/domain';

/** Errors of the transport itself: their envelope has code "" and hides its words from clients that do not ask for JSON. */
export abstract class RoutingError extends JeroboamError {}

export class PathNotFound extends RoutingError {
  override readonly code = 'path-not-found';
  override readonly status = 404;
  constructor() {
    super('Not Found');
  }
}

export class MethodNotAllowed extends RoutingError {
  override readonly code = 'method-not-allowed';
  override readonly status = 405;
  constructor(readonly allow: readonly string[]) {
    super('Method Not Allowed');
  }
}

export class NotAcceptable extends RoutingError {
  override readonly code = 'not-acceptable';
  override readonly status = 406;
  constructor(readonly reason: string) {
    super(reason);
  }
}

/** 415: not of the transport for upstream, which answers it with code `client` and its words always. */
export class UnsupportedMediaType extends JeroboamError {
  override readonly code = 'unsupported-media-type';
  override readonly status = 415;
}

/** 422: the `Idempotency-Key` was used for another request. */
export class IdempotencyKeyReused extends JeroboamError {
  override readonly code = 'idempotency-key-reused';
  override readonly status = 422;
  constructor() {
    super('The Idempotency-Key was used for another request: method, path, body or microversion differ.');
  }
}

/** 409: the first request with the key is not answered yet. */
export class IdempotencyKeyInUse extends JeroboamError {
  override readonly code = 'idempotency-key-in-use';
  override readonly status = 409;
  readonly retryAfterSeconds = 5;
  constructor() {
    super('The first request with this Idempotency-Key is still being worked on. Try again later.');
  }
}

/** 412: what the client has seen is not what is there. */
export class PreconditionFailed extends JeroboamError {
  override readonly code = 'precondition-failed';
  override readonly status = 412;
  constructor() {
    super('The resource has changed: none of the entity tags in If-Match is its own. Look at it again.');
  }
}

/** 401 in keystonemiddleware's own shape. */
export class Unauthenticated extends JeroboamError {
  override readonly code = 'unauthenticated';
  override readonly status = 401;
  constructor() {
    super('The request you have made requires authentication.');
  }
}

/** A well-formed microversion that is not ours: answered in a shape of its own. Reference section 1.2. */
export class UnsupportedMicroversion extends JeroboamError {
  override readonly code = 'microversion-unsupported';
  override readonly status = 406;
  constructor(readonly version: Microversion) {
    super(describe(version));
  }
}

function describe(version: Microversion): string {
  const range = `[${VERSION_SERVICE} ${MIN_VERSION.toString()}, ${VERSION_SERVICE} ${MAX_VERSION.toString()}].`;
  if (version.major !== MAX_VERSION.major) {
    return (
      `Mutually exclusive versions requested. Version ${version.toString()} requested but not supported by this service.` +
      `The supported version range is: ${range}`
    );
  }
  return (
    `Version ${version.toString()} was requested but the minor version is not supported by this service. ` +
    `The supported version range is: ${range}`
  );
}

/** 429: there are as many streams of events as there may be. */
export class TooManyStreams extends JeroboamError {
  override readonly code = 'too-many-streams';
  override readonly status = 429;
  readonly retryAfterSeconds = 5;
  constructor() {
    super('Too many streams of events are open. Close one, or ask for pages.');
  }
}
