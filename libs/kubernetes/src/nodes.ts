/** What the kubelet says of a node, as of the last time it said something. */
export interface NodeState {
  readonly name: string;
  readonly uid: string;
  /** `openstack:///<server uuid>`: what joins node and server. Null until the kubelet or the cloud manager sets it. */
  readonly providerId: string | null;
  readonly ready: boolean;
  /** Of the Ready condition, the kubelet's own words; `NoCondition` while there is none. */
  readonly reason: string;
  readonly message: string;
  readonly controlPlane: boolean;
  /** Cordoned. */
  readonly unschedulable: boolean;
  readonly kubeletVersion: string | null;
  readonly containerRuntimeVersion: string | null;
  readonly addresses: readonly NodeAddress[];
  readonly conditions: readonly NodeCondition[];
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly NodeTaint[];
}

export interface NodeTaint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

export interface NodeAddress {
  /** `InternalIP`, `ExternalIP`, `Hostname`, ... */
  readonly type: string;
  readonly address: string;
}

export interface NodeCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  /** RFC 3339; null when the API does not say. */
  readonly lastTransitionTime: string | null;
}

/** A Node of the core/v1 API, as much of it as is read here. */
export interface WireNode {
  readonly metadata: {
    readonly name: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly providerID?: string; readonly unschedulable?: boolean; readonly taints?: readonly NodeTaint[] };
  readonly status?: {
    readonly addresses?: readonly NodeAddress[];
    readonly conditions?: readonly (Partial<NodeCondition> & Pick<NodeCondition, 'type' | 'status'>)[];
    readonly nodeInfo?: { readonly kubeletVersion?: string; readonly containerRuntimeVersion?: string };
  };
}

export interface WireNodeList {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly WireNode[];
}

export function toNodeState({ metadata, spec, status }: WireNode): NodeState {
  const conditions = (status?.conditions ?? []).map((condition) => ({
    type: condition.type,
    status: condition.status,
    reason: condition.reason ?? '',
    message: condition.message ?? '',
    lastTransitionTime: condition.lastTransitionTime ?? null,
  }));
  const ready = conditions.find((condition) => condition.type === 'Ready');
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    providerId: spec?.providerID ?? null,
    ready: ready?.status === 'True',
    reason: ready?.reason ?? 'NoCondition',
    message: ready?.message ?? 'the kubelet has not reported yet',
    controlPlane: 'node-role.kubernetes.io/control-plane' in (metadata.labels ?? {}),
    unschedulable: spec?.unschedulable ?? false,
    kubeletVersion: status?.nodeInfo?.kubeletVersion ?? null,
    containerRuntimeVersion: status?.nodeInfo?.containerRuntimeVersion ?? null,
    addresses: status?.addresses ?? [],
    conditions,
    labels: metadata.labels ?? {},
    taints: spec?.taints ?? [],
  };
}
