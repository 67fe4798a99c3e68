import { isNotFound } from './errors.js';
import type { CallOptions, Transport } from './transport.js';

/** What a cluster says about what is to outlive it. Ids are the cloud's own. */
export interface ReclaimFacts {
  /** By volume, as its PersistentVolume says. */
  readonly volumes: Readonly<Record<string, 'Delete' | 'Retain'>>;
  /** By snapshot, as its VolumeSnapshotContent says. */
  readonly snapshots: Readonly<Record<string, 'Delete' | 'Retain'>>;
  /** Addresses of Services that ask for their floating IP to be kept. */
  readonly keptAddresses: readonly string[];
}

const CSI_DRIVER = 'cinder.csi.openstack.org';
/** Source: cloud-provider-openstack 1.36, pkg/openstack/loadbalancer.go. */
const KEEP_FLOATING_IP = 'loadbalancer.openstack.org/keep-floatingip';
const PAGE_SIZE = '500';

interface PersistentVolume {
  readonly spec?: {
    readonly persistentVolumeReclaimPolicy?: string;
    readonly csi?: { readonly driver?: string; readonly volumeHandle?: string };
    readonly cinder?: { readonly volumeID?: string };
  };
}

interface SnapshotContent {
  readonly spec?: { readonly deletionPolicy?: string; readonly driver?: string; readonly source?: { snapshotHandle?: string } };
  readonly status?: { readonly snapshotHandle?: string };
}

interface Service {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } };
}

/** @throws KubernetesError. Whatever does not say Delete in so many words is to be retained. */
export async function reclaimFacts(transport: Transport, options: CallOptions = {}): Promise<ReclaimFacts> {
  const [volumes, services, contents] = await Promise.all([
    listAll<PersistentVolume>(transport, '/api/v1/persistentvolumes', options),
    listAll<Service>(transport, '/api/v1/services', options),
    // A cluster without the snapshot controller does not know the kind.
    listAll<SnapshotContent>(transport, '/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents', options).catch(
      (error: unknown) => {
        if (isNotFound(error)) return [];
        throw error;
      },
    ),
  ]);
  return {
    volumes: policies(volumes.map(({ spec }) => [volumeOf(spec), spec?.persistentVolumeReclaimPolicy])),
    snapshots: policies(
      contents
        .filter(({ spec }) => spec?.driver === CSI_DRIVER)
        .map(({ spec, status }) => [status?.snapshotHandle ?? spec?.source?.snapshotHandle, spec?.deletionPolicy]),
    ),
    keptAddresses: services
      .filter(({ metadata }) => metadata?.annotations?.[KEEP_FLOATING_IP] === 'true')
      .flatMap(({ status }) => status?.loadBalancer?.ingress ?? [])
      .flatMap(({ ip }) => (ip ? [ip] : [])),
  };
}

/** The in-tree kind is what old objects still say; the API server gives them to the CSI driver. */
function volumeOf(spec: PersistentVolume['spec']): string | undefined {
  return spec?.csi?.driver === CSI_DRIVER ? spec.csi.volumeHandle : spec?.cinder?.volumeID;
}

/** Of several objects for the same thing the one that retains counts. */
function policies(
  said: readonly (readonly [id: string | undefined, policy: string | undefined])[],
): Record<string, 'Delete' | 'Retain'> {
  const found: Record<string, 'Delete' | 'Retain'> = {};
  for (const [id, policy] of said) if (id) found[id] = policy === 'Delete' && found[id] !== 'Retain' ? 'Delete' : 'Retain';
  return found;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly metadata?: { readonly continue?: string };
}

async function listAll<T>(transport: Transport, path: string, options: CallOptions): Promise<T[]> {
  const all: T[] = [];
  let from: string | undefined;
  do {
    const page = await transport.json<Page<T>>({ ...options, method: 'GET', path, query: { limit: PAGE_SIZE, continue: from } });
    all.push(...page.items);
    from = page.metadata?.continue === '' ? undefined : page.metadata?.continue;
  } while (from !== undefined);
  return all;
}
