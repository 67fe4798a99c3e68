import { InvalidInput, Microversion, type JeroboamError } from '#libs/domain';
import { MethodNotAllowed, NotAcceptable } from './http-errors.js';

/** A part of the path is missing that upstream reads as an argument. */
interface Shape {
  readonly pattern: RegExp;
  readonly argument: string;
  readonly since?: string;
}

const PART = '[^/]+';
const SHAPES: readonly Shape[] = [
  { pattern: /^(DELETE|PATCH) \/v1\/clusters$/, argument: 'cluster_ident' },
  { pattern: /^(DELETE|PATCH) \/v1\/clustertemplates$/, argument: 'cluster_template_ident' },
  { pattern: /^(DELETE|PATCH) \/v1\/federations$/, argument: 'federation_ident' },
  { pattern: /^PATCH \/v1\/certificates$/, argument: 'cluster_ident' },
  { pattern: /^PATCH \/v1\/credentials$/, argument: 'cluster_ident', since: '1.12' },
  { pattern: new RegExp(`^(DELETE|PATCH) /v1/clusters/${PART}/nodegroups$`), argument: 'nodegroup_id', since: '1.9' },
  { pattern: /^PATCH \/v1\/quotas$/, argument: 'project_id' },
  { pattern: new RegExp(`^(GET|DELETE|PATCH) /v1/quotas/${PART}$`), argument: 'resource' },
];

/** Paths that upstream knows and answers no GET of: nothing below them can be shown. */
const NOTHING_BELOW: readonly (readonly [RegExp, readonly string[]])[] = [
  [new RegExp(`^GET /v1/(mservices|stats)/${PART}$`), ['GET']],
  [new RegExp(`^GET /v1/clusters/${PART}/actions(/${PART})?$`), ['POST']],
];

/**
 * Requests that no route of ours takes and that upstream answers in a way of its own. Reference section 4; seen on a Magnum.
 * @returns undefined: a 404 or 405 like any other
 */
export function oddShape(method: string, url: string, version: Microversion | undefined): JeroboamError | undefined {
  const path = (url.split('?', 1)[0] ?? '').replace(/\/+$/, '');
  const request = `${method} ${path}`;
  const below = NOTHING_BELOW.find(([pattern]) => pattern.test(request));
  if (below) return new MethodNotAllowed(below[1]);
  const shape = SHAPES.find(({ pattern }) => pattern.test(request));
  if (!shape) return undefined;
  if (shape.since !== undefined && version && !version.atLeast(Microversion.of(shape.since))) {
    const handler = method.toLowerCase();
    return new NotAcceptable(
      `Version ${version.toString()} was requested but the requested API ${handler} is not supported for this version.`,
    );
  }
  return new InvalidInput('missing-argument', `Missing argument: "${shape.argument}"`, { field: shape.argument });
}
