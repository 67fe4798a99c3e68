import { JeroboamError } from '#libs/domain';

/** Refusals in Heat's words. `type` is the class that Heat's clients are told. Seen on a Heat of 2025. */
export abstract class HeatFault extends JeroboamError {
  abstract readonly type: string;
}

export class StackNotFound extends HeatFault {
  override readonly code = 'stack-not-found';
  override readonly status = 404;
  override readonly type = 'EntityNotFound';
  constructor(ident: string) {
    super(`The Stack (${ident}) could not be found.`, { stack: ident });
  }
}

export class ResourceNotFound extends HeatFault {
  override readonly code = 'stack-resource-not-found';
  override readonly status = 404;
  override readonly type = 'ResourceNotFound';
  constructor(resource: string, stack: string) {
    super(`The Resource (${resource}) could not be found in Stack ${stack}.`, { stack, resource });
  }
}

/** Whatever else is not there: an output, an event, a path. */
export class HeatNotFound extends HeatFault {
  override readonly code = 'stack-part-not-found';
  override readonly status = 404;
  override readonly type = 'HTTPNotFound';
}

export class HeatBadRequest extends HeatFault {
  override readonly code = 'invalid-stack-request';
  override readonly status = 400;
  override readonly type = 'HTTPBadRequest';
}

export class HeatForbidden extends HeatFault {
  override readonly code = 'stack-access-denied';
  override readonly status = 403;
  override readonly type = 'HTTPForbidden';
}

/** Stacks are changed by changing their cluster. */
export class StacksAreReadOnly extends HeatFault {
  override readonly code = 'stacks-are-read-only';
  override readonly status = 405;
  override readonly type = 'HTTPMethodNotAllowed';
  constructor(
    readonly allow: readonly string[] = ['GET'],
    words = 'Stacks of container clusters can only be looked at here: change the cluster through the container-infra API instead.',
  ) {
    super(words);
  }
}

const TITLES: Readonly<Record<number, readonly [title: string, explanation: string]>> = {
  400: ['Bad Request', 'The server could not comply with the request since it is either malformed or otherwise incorrect.'],
  403: ['Forbidden', 'Access was denied to this resource.'],
  404: ['Not Found', 'The resource could not be found.'],
  405: [
    'Method Not Allowed',
    'The server could not comply with the request since it is either malformed or otherwise incorrect.',
  ],
  409: ['Conflict', 'There was a conflict when trying to complete your request.'],
  503: ['Service Unavailable', 'The server is currently unavailable. Please try again at a later time.'],
};
const OTHER = [
  'Internal Server Error',
  'The server has either erred or is incapable of performing the requested operation.',
] as const;

/** The body of a refusal. Source: heat/api/middleware/fault.py. */
export function faultBody(status: number, type: string, message: string): object {
  const [title, explanation] = TITLES[status] ?? OTHER;
  return { code: status, title, explanation, error: { type, traceback: null, message } };
}

/** As webob calls the class of a status. */
export function faultType(status: number): string {
  const [title] = TITLES[status] ?? OTHER;
  return `HTTP${title.replaceAll(' ', '')}`;
}
