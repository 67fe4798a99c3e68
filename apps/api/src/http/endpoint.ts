import { applyDecorators, HttpCode, SetMetadata } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { z } from 'zod';
import type { Rule } from '../policy/default-rules.js';

/** What a route is: who may call it, since when, and what the OpenAPI document says about it. */
export interface EndpointSpec {
  /** The policy rules it asks; `public`: no token needed. */
  readonly rules: readonly Rule[] | 'public';
  /** First microversion that has it. */
  readonly since?: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly success: number;
  readonly answer?: z.ZodType;
  /** Media type of the answer; JSON when not said. */
  readonly mediaType?: string;
  /** A body that works, for who tries the call. */
  readonly example?: unknown;
  /** What each status means beyond the ones every route has. */
  readonly errors?: Readonly<Record<number, string>>;
}

export const ENDPOINT = 'jeroboam:endpoint';

/** Goes with every route; the process does not start without. */
export function Endpoint(spec: EndpointSpec): MethodDecorator {
  return applyDecorators(
    SetMetadata(ENDPOINT, spec),
    HttpCode(spec.success),
    RouteConfig({ public: spec.rules === 'public', success: spec.success }),
  );
}
