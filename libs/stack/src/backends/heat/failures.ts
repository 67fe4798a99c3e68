import { OpenStackError } from '#libs/openstack';
import { ResourceInError, StackFailed, type ResourceFailure } from '../../errors.js';
import type { Row } from '../../engine/stack-rows.js';
import type { StackWalk } from '../../engine/stack-walk.js';

/** `ResourceInError: resources.master-0: Went to status ERROR ...`: the name is told by ours already. */
export const heatWords = (reason: string | null | undefined): string =>
  (reason ?? '').replaceAll(/\bresources\.[^:\s]+: /g, '').trim() || 'Heat does not say why';

const SIGNS: readonly (readonly [sign: RegExp, httpStatus: number])[] = [
  [/\bquota\b/i, 413],
  [/\bHTTP 401\b|\bUnauthorized\b|\bAuthorizationFailure\b/, 401],
  [/\bHTTP 403\b|\bForbidden\b/, 403],
];

/**
 * Heat keeps of an error its words alone; what can be told from them decides who mends it, and whether to try as the service.
 * Source: heat common/exception.py ResourceFailure, `<class>: resources.<name>: <message>`.
 */
export function causeOf(words: string): unknown {
  const status = SIGNS.find(([sign]) => sign.test(words))?.[1];
  if (status === undefined) return new ResourceInError(words);
  const detail = { service: 'orchestration', method: 'GET', path: '/stacks/{name}/{id}/resources', httpStatus: status } as const;
  return new OpenStackError(words, { ...detail, retryable: false, sideEffectUnknown: false });
}

export function failureOf(row: Row, cause: unknown): ResourceFailure {
  const { type, physicalName, physicalId } = row;
  const reason = row.statusReason ?? `${type} ${physicalName}: failed`;
  return { logicalName: row.name, type, physicalName, physicalId, reason, cause };
}

/** The stack as such, where no resource of it is to blame. */
export function stackFailure(walk: StackWalk, name: string, id: string | null, error: unknown): StackFailed {
  const { uuid, name: stackName } = walk.stack;
  const type = 'OS::Heat::Stack';
  const reason = `${type} ${name}: ${walk.words(error)}`;
  const failure = { logicalName: stackName, type, physicalName: name, physicalId: id, reason, cause: error };
  return new StackFailed(uuid, stackName, walk.action, [failure]);
}
