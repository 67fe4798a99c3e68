import type { StoredFailure } from '#libs/db';
import { z } from 'zod';
import { textOf } from '../../http/views.js';

export const failureView = z
  .looseObject({
    code: textOf('Stable name of the failure: docs/errors.md has them all'),
    message: textOf('What went wrong, in the cloud’s or the node’s own words'),
    step: textOf('Where').optional(),
    object: textOf('Kind and name of what it is about').optional(),
    cause: textOf('Code of what stands behind it, where `code` says only how it ended').optional(),
    fixable_by: z.enum(['user', 'operator']).meta({ description: 'Who can mend it' }).optional(),
    hint: textOf('What can be done').optional(),
    docs: textOf('Where the code is explained').optional(),
    request_id: textOf('The cloud’s id of the request that went wrong').optional(),
  })
  .meta({ id: 'Failure', description: 'Why an operation or a step failed' });

export function toFailureView(failure: StoredFailure | null): z.infer<typeof failureView> | null {
  if (failure === null) return null;
  const { fixableBy, requestId, ...rest } = failure;
  return {
    ...rest,
    ...(fixableBy === undefined ? {} : { fixable_by: fixableBy }),
    ...(requestId === undefined ? {} : { request_id: requestId }),
  };
}
