import type { StoredAuthorities, StoredAuthority } from './authorities.js';
import { CLUSTER_SECRET, clusterOwner, type AuthorityKey, AUTHORITY_KEYS } from './authorities.js';
import type { SecretStore } from './secret-store.js';
import type { Tx } from './unit-of-work.js';

/**
 * How far the way from old authorities to new ones is. Each phase may stand for as long as it likes: what is made in it goes
 * with what was made in the phase before.
 *
 *     phase    signs   masters trust   joining nodes trust   who is replaced
 *     trust    old     both            both                  masters, workers
 *     sign     new     both            both                  masters
 *     renew    new     both            new                   workers
 *     retire   new     new             new                   masters
 */
export const ROTATION_PHASES = ['trust', 'sign', 'renew', 'retire'] as const;
export type RotationPhase = (typeof ROTATION_PHASES)[number];

export interface Rotation {
  readonly phase: RotationPhase;
  /** Nodes made before it are of an earlier phase. Postgres' clock. */
  readonly since: Date;
}

const ROTATION = 'ca-rotation';
const nextOf = (key: AuthorityKey): string => `next-${CLUSTER_SECRET[key]}`;

/** Puts the new authorities beside the old ones: the phase `trust` begins. One that has begun goes on as it is. */
export async function beginRotation(secrets: SecretStore, tx: Tx, clusterUuid: string, next: StoredAuthorities): Promise<void> {
  const owner = clusterOwner(clusterUuid);
  for (const key of AUTHORITY_KEYS) await secrets.putOnce(tx, owner, nextOf(key), JSON.stringify(next[key]));
  await secrets.putOnce(tx, owner, ROTATION, await written(tx, 'trust'));
}

/** Another phase counts from now on. */
export async function setRotationPhase(secrets: SecretStore, tx: Tx, clusterUuid: string, phase: RotationPhase): Promise<void> {
  await secrets.put(tx, clusterOwner(clusterUuid), ROTATION, await written(tx, phase));
}

/** The new authorities are the only ones; the old keys are gone for good. */
export async function endRotation(secrets: SecretStore, tx: Tx, clusterUuid: string, next: StoredAuthorities): Promise<void> {
  const owner = clusterOwner(clusterUuid);
  for (const key of AUTHORITY_KEYS) {
    await secrets.put(tx, owner, CLUSTER_SECRET[key], JSON.stringify(next[key]));
    await secrets.erase(tx, owner, nextOf(key));
  }
  await secrets.erase(tx, owner, ROTATION);
}

/** What counts now, of what is stored for a cluster. Pure. */
export function inRotation(
  stored: ReadonlyMap<string, Buffer>,
  old: StoredAuthorities,
): { readonly authorities: StoredAuthorities; readonly rotation: Rotation | null } {
  const text = stored.get(ROTATION)?.toString('utf8');
  if (text === undefined) return { authorities: old, rotation: null };
  const { phase, since } = JSON.parse(text) as { phase: RotationPhase; since: string };
  const next = Object.fromEntries(
    AUTHORITY_KEYS.map((key) => [key, JSON.parse(stored.get(nextOf(key))?.toString('utf8') ?? 'null')]),
  ) as unknown as StoredAuthorities;
  return { authorities: mixed(phase, old, next), rotation: { phase, since: new Date(since) } };
}

function mixed(phase: RotationPhase, old: StoredAuthorities, next: StoredAuthorities): StoredAuthorities {
  const [signs, other] = phase === 'trust' ? [old, next] : [next, old];
  const authority = (key: 'ca' | 'etcdCa' | 'frontProxyCa'): StoredAuthority => ({
    certPem: signs[key].certPem,
    keyPem: signs[key].keyPem,
    trustPem: phase === 'retire' ? signs[key].certPem : joined(signs[key].certPem, other[key].certPem),
  });
  const { privatePem, publicPem } = signs.serviceAccount;
  return {
    ca: authority('ca'),
    etcdCa: authority('etcdCa'),
    frontProxyCa: authority('frontProxyCa'),
    serviceAccount: { privatePem, publicPem: phase === 'retire' ? publicPem : joined(publicPem, other.serviceAccount.publicPem) },
  };
}

const joined = (...pems: readonly string[]): string => pems.map((pem) => `${pem.trimEnd()}\n`).join('');

async function written(tx: Tx, phase: RotationPhase): Promise<string> {
  const [row]: { now: Date }[] = await tx.manager.query('SELECT now() AS now');
  return JSON.stringify({ phase, since: row?.now.toISOString() });
}
