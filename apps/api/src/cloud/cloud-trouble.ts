import { ServiceUnavailable } from '#libs/domain';
import { isUnauthorized, OpenStackError } from '#libs/openstack';
import { Unauthenticated } from '../http/http-errors.js';

/** What a caller is told when the cloud would not answer: ServiceUnavailable with the service's name; Unauthenticated the token has ended. */
export function cloudTrouble(error: unknown): unknown {
  if (isUnauthorized(error)) return new Unauthenticated();
  if (!(error instanceof OpenStackError)) return error;
  const words = error.retryable || error.httpStatus === null ? 'does not answer' : `answered ${error.httpStatus}`;
  return new ServiceUnavailable(
    `The ${error.service} service ${words}: ${error.words}`,
    { service: error.service, httpStatus: error.httpStatus },
    { cause: error },
  );
}
