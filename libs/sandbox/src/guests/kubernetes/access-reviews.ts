import type { ApiResource } from './api-resources.js';
import type { KubeUser } from './kube-user.js';
import { mayAccess } from './authorization.js';
import { dig, digText as text, isJson, type Json } from './kube-object.js';
import type { SimulatedEtcd } from './simulated-etcd.js';

/** Answers `kubectl auth whoami` and `kubectl auth can-i`; reviews are never kept. */
export function answerReview(resource: ApiResource, body: Json, user: KubeUser, etcd: SimulatedEtcd): Json {
  return {
    ...body,
    apiVersion: `${resource.group}/${resource.version}`,
    kind: resource.kind,
    metadata: {},
    status: statusOf(resource.kind, body, user, etcd),
  };
}

function statusOf(kind: string, body: Json, user: KubeUser, etcd: SimulatedEtcd): Json {
  if (kind === 'SelfSubjectReview') return { userInfo: { username: user.name, groups: user.groups } };
  if (kind === 'TokenReview') return { authenticated: false };
  if (kind === 'SelfSubjectRulesReview') return { resourceRules: [], nonResourceRules: [], incomplete: true };
  const spec = isJson(body['spec']) ? body['spec'] : {};
  const groups = spec['groups'];
  const subject: KubeUser =
    kind === 'SelfSubjectAccessReview'
      ? user
      : { name: text(spec, 'user'), groups: Array.isArray(groups) ? groups.map(String) : [] };
  const path = dig(spec, 'nonResourceAttributes', 'path');
  const allowed =
    typeof path === 'string'
      ? mayAccess(subject, { verb: text(spec, 'nonResourceAttributes', 'verb'), path }, etcd)
      : mayAccess(
          subject,
          {
            verb: text(spec, 'resourceAttributes', 'verb'),
            group: text(spec, 'resourceAttributes', 'group'),
            resource: text(spec, 'resourceAttributes', 'resource'),
            subresource: text(spec, 'resourceAttributes', 'subresource') || undefined,
            namespace: text(spec, 'resourceAttributes', 'namespace'),
            name: text(spec, 'resourceAttributes', 'name'),
          },
          etcd,
        );
  return { allowed };
}
