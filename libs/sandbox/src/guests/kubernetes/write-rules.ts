import type { ObjectRequest } from './api-request.js';
import type { ApiResource } from './api-resources.js';
import { dig, StatusError, type Json, type KubeObject } from './kube-object.js';
import type { FieldConflict } from './managed-fields.js';
import { unknownFields } from './strict-fields.js';

/** @throws StatusError 400 a field that the kind does not have, when the writer wants to be told */
export function refuseUnknown({ query, resource }: ObjectRequest, body: Json): void {
  if (query.get('fieldValidation') !== 'Strict') return;
  const unknown = unknownFields(resource.kind, body);
  if (unknown.length === 0) return;
  const words = unknown.map((field) => `unknown field "${field}"`).join(', ');
  throw new StatusError(400, 'BadRequest', `failed to create typed patch object: strict decoding error: ${words}`);
}

/** @throws StatusError 409 */
export function refuseConflicts(conflicts: readonly FieldConflict[]): void {
  const [first] = conflicts;
  if (!first) return;
  const count = conflicts.length === 1 ? '1 conflict' : `${conflicts.length} conflicts`;
  const causes = conflicts.map(({ manager, field }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with "${manager}"`,
    field,
  }));
  throw new StatusError(409, 'Conflict', `Apply failed with ${count}: conflict with "${first.manager}": ${first.field}`, {
    causes,
  });
}

/** Which fields of a kind stay as they were made. Source: Kubernetes 1.36, API validation. */
const IMMUTABLE: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['spec', 'selector'],
  DaemonSet: ['spec', 'selector'],
  StatefulSet: ['spec', 'selector'],
  ClusterRoleBinding: ['roleRef'],
  RoleBinding: ['roleRef'],
  StorageClass: ['provisioner'],
};

/** @throws StatusError 422 */
export function refuseImmutable({ kind, plural, group }: ApiResource, before: KubeObject | undefined, next: KubeObject): void {
  const path = IMMUTABLE[kind];
  if (!before || !path) return;
  const value = dig(next, ...path);
  if (JSON.stringify(dig(before, ...path)) === JSON.stringify(value)) return;
  const words = `${path.join('.')}: Invalid value: ${JSON.stringify(value)}: field is immutable`;
  const { name } = next.metadata;
  throw new StatusError(422, 'Invalid', `${kind}.${group} "${name}" is invalid: ${words}`, { name, group, kind: plural });
}
