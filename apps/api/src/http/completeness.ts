import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { RequestMethod } from '@nestjs/common';
import type { Policy } from '../policy/policy.js';
import { ENDPOINT, type EndpointSpec } from './endpoint.js';
import { changes, targetOf } from './targets.js';

/** A route of ours with everything that is said about it. */
export interface DescribedRoute {
  readonly controller: Controller;
  readonly handler: string;
  readonly method: RequestMethod;
  /** `/v1/clusters/:id` */
  readonly path: string;
  readonly spec: EndpointSpec;
}

export type Controller = new (...args: never[]) => object;

/**
 * All routes of these controllers.
 * @throws Error a route has no `@Endpoint`, names a rule that is not there, or changes nobody knows what: the process must not start
 */
export function describeRoutes(controllers: readonly Controller[], policy: Policy): DescribedRoute[] {
  return controllers.flatMap((controller) => routesOf(controller, policy));
}

function routesOf(controller: Controller, policy: Policy): DescribedRoute[] {
  const prefix = Reflect.getMetadata(PATH_METADATA, controller) as string;
  const prototype = controller.prototype as Record<string, unknown>;
  return Object.getOwnPropertyNames(prototype).flatMap((handler) => {
    const method = prototype[handler];
    if (typeof method !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, method)) return [];
    const spec = Reflect.getMetadata(ENDPOINT, method) as EndpointSpec | undefined;
    if (!spec) throw new Error(`${controller.name}.${handler} has no policy and is not marked public`);
    const unknown = spec.rules === 'public' ? undefined : spec.rules.find((rule) => !policy.has(rule));
    if (unknown !== undefined || spec.rules.length === 0)
      throw new Error(`${controller.name}.${handler} names no rule of the policy`);
    const paths = [Reflect.getMetadata(PATH_METADATA, method) as string | string[]].flat();
    return paths.map((part) => {
      const path = `/${prefix}/${part}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
      const verb = Reflect.getMetadata(METHOD_METADATA, method) as RequestMethod;
      if (changes(RequestMethod[verb])) targetOf(RequestMethod[verb], path);
      return { controller, handler, method: verb, path, spec };
    });
  });
}
