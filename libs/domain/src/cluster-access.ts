/**
 * Groups of the people who come to a cluster by our certificates, and what each is bound to there. The prefix is ours alone:
 * whoever removes a binding in a cluster shuts out everybody of the group, and nothing puts it back.
 */
export const ACCESS_GROUPS = {
  /** Administrators of the cloud. */
  admin: { group: 'jeroboam:admin', clusterRole: 'cluster-admin' },
  /** Who may administer the cluster: members of its project, unless policy says otherwise. */
  member: { group: 'jeroboam:member', clusterRole: 'cluster-admin' },
  /** Everybody else who may see the cluster. */
  reader: { group: 'jeroboam:reader', clusterRole: 'view' },
} as const;

export type AccessLevel = keyof typeof ACCESS_GROUPS;

/** kubeadm's own group of administrators, bound in every cluster since 1.29: what there is where ours are not bound yet. */
export const KUBEADM_ADMINS = 'kubeadm:cluster-admins';
