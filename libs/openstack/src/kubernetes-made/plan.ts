import type { LoadBalancer } from '../load-balancer/load-balancers.js';
import type { FloatingIp } from '../network/floating-ips.js';
import type { KubernetesMade } from './find.js';
import { ownershipOf } from './ownership.js';

export type MadeType = 'load-balancer' | 'floating-ip' | 'security-group' | 'volume' | 'snapshot';

export interface MadeObject {
  readonly type: MadeType;
  readonly id: string;
  /** For people: the object's name, or its address; a volume's claim where it is known. */
  readonly name: string;
}

export interface KeptObject extends MadeObject {
  readonly reason: string;
}

/** What the cluster's Kubernetes said, while it answered, about what shall outlive it. */
export interface Reclaim {
  /** Volume ids by what their PersistentVolume says. */
  readonly volumes: Readonly<Record<string, ReclaimPolicy>>;
  /** Snapshot ids by what their VolumeSnapshotContent says. */
  readonly snapshots: Readonly<Record<string, ReclaimPolicy>>;
  /** Addresses of Services that ask for their floating IP to be kept. */
  readonly keptAddresses: readonly string[];
}

export type ReclaimPolicy = 'Delete' | 'Retain';

export interface RemovalWishes {
  readonly clusterUuid: string;
  /** Null: not said, the reclaim policies decide. False: said, so that volumes go of which nobody knows a policy. */
  readonly keepVolumes: boolean | null;
  readonly keepLoadBalancers: boolean;
  /** Null: Kubernetes never answered. */
  readonly reclaim: Reclaim | null;
  /** The network that goes with the cluster; null: it stands on one that stays. */
  readonly ownNetworkId: string | null;
}

export interface RemovalPlan {
  readonly remove: readonly MadeObject[];
  readonly keep: readonly KeptObject[];
  /** What is kept and stands on the network that goes: the network cannot go. */
  readonly inTheWay: readonly KeptObject[];
}

/**
 * What of it is removed and what stays, and why. Destroys nothing that somebody has asked to keep: by a parameter, a reclaim
 * policy, an annotation, or by using it for something else.
 */
export function planRemoval(made: KubernetesMade, wishes: RemovalWishes): RemovalPlan {
  const balancers = made.loadBalancers.map((one) => balancer(one, wishes));
  const leaving = new Set(made.loadBalancers.filter((_, at) => balancers[at]?.reason === null).map((one) => one.vip_port_id));
  const judged: Judged[] = [
    ...balancers,
    ...made.borrowed.map((one) => ({ ...balancerName(one), reason: 'made by somebody else, used by Services of the cluster' })),
    ...made.floatingIps.map((one) => floatingIp(one, leaving, wishes)),
    ...made.lentIps.map((one) => ({ ...addressName(one), reason: 'made by somebody else, not by the cluster' })),
    ...made.securityGroups.map(({ id, name }) => ({ type: 'security-group' as const, id, name, reason: null })),
    ...made.snapshots.map(({ id, name }) => ({
      type: 'snapshot' as const,
      id,
      name: name ?? '',
      reason: retained(id, wishes, wishes.reclaim?.snapshots, 'VolumeSnapshotContent'),
    })),
    ...made.volumes.map(({ id, name, metadata }) => ({
      type: 'volume' as const,
      id,
      name: claimOf(metadata) ?? name ?? '',
      reason: retained(id, wishes, wishes.reclaim?.volumes, 'PersistentVolume'),
    })),
  ];
  const keep = judged.filter((one): one is KeptObject => one.reason !== null);
  const onNetwork = new Set(
    [...made.loadBalancers, ...made.borrowed]
      .filter(({ vip_network_id }) => wishes.ownNetworkId !== null && vip_network_id === wishes.ownNetworkId)
      .map(({ id }) => id),
  );
  return {
    remove: judged.filter(({ reason }) => reason === null).map(({ type, id, name }) => ({ type, id, name })),
    keep,
    inTheWay: keep.filter(({ type, id }) => type === 'load-balancer' && onNetwork.has(id)),
  };
}

/** Null: it goes. */
type Judged = MadeObject & { readonly reason: string | null };

const balancerName = ({ id, name }: LoadBalancer): MadeObject => ({ type: 'load-balancer', id, name });
const addressName = ({ id, floating_ip_address }: FloatingIp): MadeObject => ({
  type: 'floating-ip',
  id,
  name: floating_ip_address,
});

function balancer(one: LoadBalancer, wishes: RemovalWishes): Judged {
  const others = ownershipOf(wishes.clusterUuid).sharedWith(one);
  const shared = others.length > 0 ? `shared with ${others[0] ?? ''} of another cluster` : null;
  return { ...balancerName(one), reason: wishes.keepLoadBalancers ? ASKED : shared };
}

/** Upstream removes the address with its load balancer; one that hangs nowhere is left over from that. */
function floatingIp(one: FloatingIp, leaving: ReadonlySet<string | null | undefined>, wishes: RemovalWishes): Judged {
  const reason = (): string | null => {
    if (wishes.keepLoadBalancers) return ASKED;
    if (wishes.reclaim?.keptAddresses.includes(one.floating_ip_address)) return 'its Service asks to keep it';
    return one.port_id && !leaving.has(one.port_id) ? `in use by port ${one.port_id}, which stays` : null;
  };
  return { ...addressName(one), reason: reason() };
}

function retained(
  id: string,
  { keepVolumes, reclaim }: RemovalWishes,
  policies: Readonly<Record<string, ReclaimPolicy>> | undefined,
  kind: string,
): string | null {
  if (keepVolumes) return ASKED;
  const policy = policies?.[id];
  if (policy === 'Delete') return null;
  if (policy === 'Retain') return `its ${kind} says Retain`;
  if (keepVolumes === false) return null;
  return reclaim
    ? `no ${kind} of the cluster stands for it`
    : `Kubernetes did not answer: nobody knows whether its ${kind} says Retain`;
}

const ASKED = 'asked for';

function claimOf(metadata: Readonly<Record<string, string>>): string | null {
  const name = metadata['csi.storage.k8s.io/pvc/name'];
  return name ? `${metadata['csi.storage.k8s.io/pvc/namespace'] ?? ''}/${name}` : null;
}
