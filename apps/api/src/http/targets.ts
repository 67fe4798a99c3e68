import type { ResourceKind } from '#libs/db';

/** What a changing route is about. */
export interface Target {
  /** Whose ETag `If-Match` names; null: nothing is there yet. */
  readonly subject: ResourceKind | null;
  /** Whose ETag the answer has; null: none. */
  readonly shown: ResourceKind | null;
}

/** By path, the first that matches. Whatever is under a cluster is about the cluster: actions, its CA, its credentials. */
const TARGETS: readonly (readonly [RegExp, Target])[] = [
  [/^POST \/v1\/clusters$/, { subject: null, shown: null }],
  [/^POST \/v1\/clusters\/:cluster\/kubeconfig$/, { subject: null, shown: null }],
  [/^POST \/v1\/clusters\/:cluster\/nodegroups$/, { subject: 'cluster', shown: 'node-group' }],
  [/ \/v1\/clusters\/:cluster\/nodegroups\/:group$/, { subject: 'node-group', shown: 'node-group' }],
  [/ \/v1\/clusters\/:cluster\/operations\//, { subject: 'cluster', shown: 'operation' }],
  [/ \/v1\/clusters\/:cluster(\/|$)/, { subject: 'cluster', shown: 'cluster' }],
  [/ \/v1\/clustertemplates$/, { subject: null, shown: 'cluster-template' }],
  [/ \/v1\/clustertemplates\/:template$/, { subject: 'cluster-template', shown: 'cluster-template' }],
  [/^POST \/v1\/quotas$/, { subject: null, shown: 'quota' }],
  [/ \/v1\/quotas(\/:project\/:resource)?$/, { subject: 'quota', shown: 'quota' }],
  [/^POST \/v1\/certificates$/, { subject: null, shown: null }],
  [/ \/v1\/(certificates|credentials)\/:cluster(\/|$)/, { subject: 'cluster', shown: 'cluster' }],
  [/ \/orchestration\//, { subject: null, shown: null }],
  [/ \/v1\/(federations|credentials|certificates)/, { subject: null, shown: null }],
];

/**
 * @param path the route's own, with its parameters: `/v1/clusters/:cluster`
 * @throws Error nobody has said what the route is about: the process must not start
 */
export function targetOf(method: string, path: string): Target {
  const found = TARGETS.find(([pattern]) => pattern.test(`${method} ${path}`));
  if (!found) throw new Error(`${method} ${path} changes something, and http/targets.ts does not say what`);
  return found[1];
}

export const changes = (method: string): boolean => ['POST', 'PATCH', 'DELETE', 'PUT'].includes(method);
