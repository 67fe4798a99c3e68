import type { InfraOutputs } from './outputs.js';

/** What a driver needs to know of a cluster. Names and ids of cloud objects are resolved: ids only. */
export interface ClusterSpec {
  readonly uuid: string;
  readonly name: string;
  readonly projectId: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the Nova keypair; Nova puts the key on the nodes. */
  readonly keypair: string | null;
  /** flannel (null too), calico, cilium: decides which label names the pod range. */
  readonly networkDriver: string | null;
  readonly masterCount: number;
  /** Masters and workers of all groups, for checks of address ranges. */
  readonly nodeCount: number;
  readonly masterLbEnabled: boolean;
  readonly floatingIpEnabled: boolean;
  /** Port of the cluster's API; 6443 when the template names none. */
  readonly apiPort: number;
  readonly externalNetworkId: string | null;
  /** The template's or cluster's fixed_network and fixed_subnet, resolved; null: the driver makes its own. */
  readonly existingNetwork: ExistingNetwork | null;
  readonly dnsNameservers: readonly string[];
}

export interface ExistingNetwork {
  readonly networkId: string;
  readonly subnetId: string;
  /** As Neutron tells it: `192.168.3.0/24`. */
  readonly cidr: string;
}

export interface GroupSpec {
  readonly uuid: string;
  readonly name: string;
  readonly role: 'master' | 'worker';
  readonly isDefault: boolean;
  /** GiB; null or 0: none. */
  readonly dockerVolumeSizeGib: number | null;
  /** The group's own effective labels. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface NodeSpec {
  readonly uuid: string;
  readonly slot: number;
  /** As `nodeName` of #libs/domain makes it: also the server's and the Kubernetes node's name. */
  readonly name: string;
  /** Fixed when the node was planned: what the group says now is for later nodes. */
  readonly flavorId: string;
  readonly imageId: string;
  /** kubeadm has ended well on it. */
  readonly joined?: boolean;
  /** It is to go: its machine stands, but nobody is led to it any more. */
  readonly leaving?: boolean;
}

/** Heat's own words: a HOT template with property names exactly as Heat has them. */
export interface HotTemplate {
  readonly heat_template_version: '2021-04-16';
  readonly description: string;
  readonly parameters: Readonly<Record<string, HotParameter>>;
  readonly resources: Readonly<Record<string, HotResource>>;
  readonly outputs: Readonly<Record<string, { readonly value: unknown }>>;
}
export interface HotParameter {
  readonly type: 'string' | 'number' | 'boolean' | 'comma_delimited_list' | 'json';
  readonly hidden?: boolean;
  readonly default?: string | number | boolean;
}
export interface HotResource {
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly depends_on?: readonly string[];
}

export interface StackPlan {
  readonly template: HotTemplate;
  readonly parameters: Readonly<Record<string, string | number | boolean | string[]>>;
  /** Names of the hidden parameters: `user_data_<slot>`. Their values are given at run time and never stored. */
  readonly hidden: readonly string[];
}

export interface Support {
  readonly serverType: string;
  readonly distro: string;
  readonly coe: string;
}

/** What to build for a kind of cluster. Pure: no clock, no cloud, no chance. */
export interface Driver {
  readonly name: string;
  readonly supports: readonly Support[];
  /** Network, security groups, server groups, endpoint. Throws InvalidInput naming the field or label. */
  infrastructure(cluster: ClusterSpec): StackPlan;
  /** Ports, servers, volumes, pool members of one group. `nodes` are the wanted ones, any slots. */
  nodeGroup(cluster: ClusterSpec, group: GroupSpec, nodes: readonly NodeSpec[], infra: InfraOutputs): StackPlan;
}
