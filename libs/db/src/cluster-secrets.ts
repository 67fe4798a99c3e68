import {
  AUTHORITY_KEYS,
  CLUSTER_SECRET,
  clusterOwner,
  type AuthorityKey,
  type StoredAuthorities,
  type StoredAuthority,
} from './authorities.js';
import { inRotation, type Rotation } from './ca-rotation.js';
import { SERVICE_OWNER, type SecretOwner, type SecretStore } from './secret-store.js';
import type { Tx, UnitOfWork } from './unit-of-work.js';

/** Purpose of an operation's sealed copy of the caller's token; erased as soon as the trust is made. */
export const OPERATION_TOKEN = 'user-token';

export const operationOwner = (operationUuid: string): SecretOwner => ({ kind: 'operation', uuid: operationUuid });

/** Seals all four; keeps those that are there already. */
export async function storeAuthorities(
  secrets: SecretStore,
  tx: Tx,
  clusterUuid: string,
  authorities: StoredAuthorities,
): Promise<void> {
  for (const key of AUTHORITY_KEYS) {
    await secrets.putOnce(tx, clusterOwner(clusterUuid), CLUSTER_SECRET[key], JSON.stringify(authorities[key]));
  }
}

/** What signs and what is trusted in a cluster now. Null until all four are stored. */
export async function findAuthorities(secrets: SecretStore, clusterUuid: string): Promise<StoredAuthorities | null> {
  return (await findRotation(secrets, clusterUuid))?.authorities ?? null;
}

/** The same, and how far the cluster is on the way to new ones. */
export async function findRotation(
  secrets: SecretStore,
  clusterUuid: string,
): Promise<{ readonly authorities: StoredAuthorities; readonly rotation: Rotation | null } | null> {
  const all = await secrets.all(clusterOwner(clusterUuid));
  const read = (key: AuthorityKey): unknown => {
    const plain = all.get(CLUSTER_SECRET[key]);
    return plain ? JSON.parse(plain.toString('utf8')) : undefined;
  };
  const found = Object.fromEntries(AUTHORITY_KEYS.map((key) => [key, read(key)]));
  if (AUTHORITY_KEYS.some((key) => found[key] === undefined)) return null;
  return inRotation(all, found as unknown as StoredAuthorities);
}

const BOOTSTRAP_CA = 'bootstrap-ca';

/**
 * The authority of the listener that nodes fetch their bundles from; one for the installation. Whoever needs it first
 * makes it, and all get the same one.
 * @param make `createBootstrapAuthority` of libs/pki
 */
export async function ensureBootstrapAuthority(
  uow: UnitOfWork,
  secrets: SecretStore,
  make: () => Promise<StoredAuthority>,
): Promise<StoredAuthority> {
  const found = await secrets.find(SERVICE_OWNER, BOOTSTRAP_CA);
  if (found) return JSON.parse(found.toString('utf8')) as StoredAuthority;
  const { certPem, keyPem } = await make();
  const kept = await uow.run((tx) => secrets.putOnce(tx, SERVICE_OWNER, BOOTSTRAP_CA, JSON.stringify({ certPem, keyPem })));
  return JSON.parse(kept.toString('utf8')) as StoredAuthority;
}
