import { SYSTEM, type Manifest } from '../manifest.js';

const RBAC = 'rbac.authorization.k8s.io';
export const READ = ['get', 'list', 'watch'] as const;

export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** Groups are given as one text, `` for the core: rules of several groups are rare. */
export function may(
  verbs: readonly string[],
  group: string | readonly string[],
  resources: readonly string[],
  resourceNames?: readonly string[],
): PolicyRule {
  const apiGroups = typeof group === 'string' ? [group] : [...group];
  return { apiGroups, resources, verbs, ...(resourceNames ? { resourceNames } : {}) };
}

export function serviceAccount(name: string, namespace = SYSTEM): Manifest {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } };
}

export function clusterRole(name: string, rules: readonly PolicyRule[], labels?: Readonly<Record<string, string>>): Manifest {
  return { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name, ...(labels ? { labels } : {}) }, rules };
}

export function role(name: string, rules: readonly PolicyRule[], namespace = SYSTEM): Manifest {
  return { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: { name, namespace }, rules };
}

const subject = (name: string, namespace: string): object => ({ kind: 'ServiceAccount', name, namespace });

/** The account may what the role says, everywhere. */
export function clusterRoleBinding(name: string, roleName: string, account: string, namespace = SYSTEM): Manifest {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: roleName },
    subjects: [subject(account, namespace)],
  };
}

/** The account may what the role of the same namespace says. */
export function roleBinding(name: string, roleName: string, account: string, namespace = SYSTEM): Manifest {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { name, namespace },
    roleRef: { apiGroup: RBAC, kind: 'Role', name: roleName },
    subjects: [subject(account, namespace)],
  };
}

/** An account with a role of its own, all of one name. */
export function accountWithRole(name: string, rules: readonly PolicyRule[], namespace = SYSTEM): Manifest[] {
  return [serviceAccount(name, namespace), clusterRole(name, rules), clusterRoleBinding(name, name, name, namespace)];
}
