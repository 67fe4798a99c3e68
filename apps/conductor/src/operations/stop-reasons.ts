/** Why a running operation is told to stop: the reason its AbortSignal carries. */
export abstract class StopReason extends Error {
  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** This process ends; another conductor goes on at once. */
export class ShuttingDown extends StopReason {
  constructor() {
    super('this conductor is shutting down');
  }
}

/** Another operation takes over: a delete during a create, a resize during a resize of the same group. */
export class Overtaken extends StopReason {
  constructor() {
    super('another operation takes over');
  }
}

/** Somebody has asked for the operation's end. */
export class AbortRequested extends StopReason {
  constructor() {
    super('aborted by request');
  }
}

/** Somebody else holds the lease, or may hold it: write nothing. */
export class LeaseLost extends StopReason {
  constructor() {
    super('the lease has passed to someone else');
  }
}

/** The operation's time is up. */
export class DeadlineExceeded extends StopReason {
  constructor() {
    super('the time of the operation is up');
  }
}
