import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { ApiRequest } from '../http/request.js';
import type { EndpointSpec } from '../http/endpoint.js';
import type { HeatQuery } from './heat-query.js';
import type { StackPath } from './show-stack.js';

/** Where the face is, under the public address of the API. */
export const FACE = '/orchestration';
/** Its root, and the project behind it. */
export const FACE_V1 = 'orchestration/v1/:project';
export const isFace = (url: string): boolean => /^\/orchestration(\/|\?|$)/.test(url);

const requestOf = (execution: ExecutionContext): ApiRequest => execution.switchToHttp().getRequest<ApiRequest>();

/** The service's public URL without the project. */
export const FaceUrl = createParamDecorator(
  (_: unknown, execution: ExecutionContext): string => `${requestOf(execution).baseUrl}${FACE}/v1`,
);

/** The query string as it is: Heat ignores what it does not know. */
export const FaceQuery = createParamDecorator((_: unknown, execution: ExecutionContext): HeatQuery => ({
  ...(requestOf(execution).query as HeatQuery),
}));

/** What stands behind the question mark, for redirects. */
export const QueryText = createParamDecorator((_: unknown, execution: ExecutionContext): string => {
  const { url } = requestOf(execution);
  return url.includes('?') ? url.slice(url.indexOf('?')) : '';
});

/** Project, name and id of the path. */
export const Path = createParamDecorator((_: unknown, execution: ExecutionContext): StackPath => {
  const { project = '', name = '', id = '' } = requestOf(execution).params as Record<string, string>;
  return { project, name, id };
});

/** A reading route of the face. */
export function reads(summary: string, more: Partial<EndpointSpec> = {}): EndpointSpec {
  return {
    rules: ['cluster:get'],
    tag: 'Orchestration',
    summary,
    success: 200,
    errors: { 403: 'Another project', 404: 'Nothing there that the caller may see' },
    ...more,
  };
}

/** The last part of the path: `resources`. */
export const PartName = createParamDecorator(
  (_: unknown, execution: ExecutionContext): string => requestOf(execution).url.split('?', 1)[0]?.split('/').at(-1) ?? '',
);
