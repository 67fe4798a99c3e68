import type { SecretOwner } from './secret-store.js';

/** A certificate authority as it is kept: JSON, PEM inside. */
export interface StoredAuthority {
  readonly certPem: string;
  readonly keyPem: string;
  /** Whom its side is to trust, when that is not itself alone: itself first, then the one that it takes over from, or hands over to. */
  readonly trustPem?: string | undefined;
}

/** The four key pairs of a cluster. Shapes as `createClusterAuthorities` of libs/pki makes them. */
export interface StoredAuthorities {
  readonly ca: StoredAuthority;
  readonly etcdCa: StoredAuthority;
  readonly frontProxyCa: StoredAuthority;
  readonly serviceAccount: { readonly publicPem: string; readonly privatePem: string };
}

/** Purposes of a cluster's sealed secrets. */
export const CLUSTER_SECRET = {
  ca: 'ca',
  etcdCa: 'etcd-ca',
  frontProxyCa: 'front-proxy-ca',
  serviceAccount: 'service-account',
  trusteePassword: 'trustee-password',
} as const;

export const clusterOwner = (clusterUuid: string): SecretOwner => ({ kind: 'cluster', uuid: clusterUuid });

export const AUTHORITY_KEYS = ['ca', 'etcdCa', 'frontProxyCa', 'serviceAccount'] as const;
export type AuthorityKey = (typeof AUTHORITY_KEYS)[number];

/** All that may sign for one side, in PEM. */
export const trustOf = ({ certPem, trustPem }: StoredAuthority): string => trustPem ?? certPem;
