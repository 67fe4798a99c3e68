import { addressAt, cidrsOverlap, InvalidInput, labelInteger, labelText, parseCidr, type Cidr, type Labels } from '#libs/domain';
import { checkedCidr } from './grammar.js';

/** The three ranges of a cluster, checked against each other. */
export interface NetworkPlan {
  readonly nodeCidr: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** Prefix length of a node's share of the pod range. */
  readonly nodeMask: number;
  readonly maxPods: number;
  readonly dnsDomain: string;
  /** kube-dns: the tenth address of the Services. */
  readonly dnsServiceIp: string;
}

export interface NetworkInput {
  readonly labels: Labels;
  /** flannel (null too), calico or cilium: decides which label names the pod range. */
  readonly networkDriver: string | null;
  /** Range of the subnet that was there before; null: label fixed_subnet_cidr. */
  readonly existingCidr: string | null;
  /** Masters and workers together, as many as there may be. */
  readonly nodeCount: number;
}

interface Range {
  readonly what: string;
  readonly field: string;
  readonly cidr: Cidr;
}

const RESERVED: readonly Range[] = [
  { what: 'loopback', field: '', cidr: known('127.0.0.0/8') },
  { what: 'link-local', field: '', cidr: known('169.254.0.0/16') },
  { what: 'multicast and reserved', field: '', cidr: known('224.0.0.0/3') },
];

const POD_LABELS: Readonly<Record<string, string>> = { calico: 'calico_ipv4pool', cilium: 'cilium_ipv4pool' };
/** Neutron's gateway, DHCP ports, the load balancer and one node in replacement. */
const SPARE_ADDRESSES = 8;

/**
 * The address plan of a cluster.
 * @throws InvalidInput 'cidr-overlap' naming both ranges, 'pod-cidr-too-small', 'subnet-too-small', 'invalid-label'
 */
export function networkPlan(input: NetworkInput): NetworkPlan {
  const podLabel = POD_LABELS[input.networkDriver ?? ''] ?? 'flannel_network_cidr';
  const nodes = nodeRange(input);
  const pods = labelled(input.labels, 'pod range', podLabel);
  const services = labelled(input.labels, 'service range', 'service_cluster_ip_range');
  const ranges = [nodes, pods, services];
  ranges.forEach((range, index) => {
    for (const other of [...ranges.slice(index + 1), ...RESERVED]) refuseOverlap(range, other);
  });
  const nodeMask = labelInteger(input.labels, 'flannel_network_subnetlen');
  checkPodRange(pods, nodeMask, input.nodeCount);
  checkServiceRange(services);
  checkNodeRange(nodes, input.nodeCount);
  return {
    nodeCidr: nodes.cidr.text,
    podCidr: pods.cidr.text,
    serviceCidr: services.cidr.text,
    nodeMask,
    maxPods: Math.min(110, 2 ** (32 - nodeMask) - 4),
    dnsDomain: labelText(input.labels, 'dns_cluster_domain'),
    dnsServiceIp: addressAt(services.cidr, 10),
  };
}

function nodeRange(input: NetworkInput): Range {
  if (input.existingCidr === null) return labelled(input.labels, 'node subnet', 'fixed_subnet_cidr');
  return { what: 'node subnet', field: 'fixed_subnet', cidr: known(checkedCidr('fixed_subnet', input.existingCidr)) };
}

function labelled(labels: Labels, what: string, label: string): Range {
  return { what, field: `labels/${label}`, cidr: known(labelText(labels, label)) };
}

function known(text: string): Cidr {
  const cidr = parseCidr(text);
  if (!cidr) throw new InvalidInput('invalid-value', `${JSON.stringify(text)} is not an IPv4 range.`);
  return cidr;
}

function refuseOverlap(a: Range, b: Range): void {
  if (!cidrsOverlap(a.cidr, b.cidr)) return;
  const told = (range: Range): string => `the ${range.what} ${range.cidr.text}${range.field ? ` (${range.field})` : ''}`;
  throw new InvalidInput('cidr-overlap', `${told(a)} overlaps ${told(b)}.`.replace(/^t/, 'T'), {
    field: a.field,
    other: b.field || b.what,
  });
}

function checkPodRange(pods: Range, nodeMask: number, nodeCount: number): void {
  const bits = nodeMask - pods.cidr.prefix;
  // kube-controller-manager: the node mask may be at most 16 bits longer than the range.
  if (bits < 0 || bits > 16 || 2 ** bits < nodeCount) {
    const room = bits < 0 || bits > 16 ? 'no' : String(2 ** bits);
    throw new InvalidInput(
      'pod-cidr-too-small',
      `The pod range ${pods.cidr.text} (${pods.field}) with /${nodeMask} per node (labels/flannel_network_subnetlen) has room for ${room} nodes, the cluster may have ${nodeCount}.`,
      { field: pods.field, nodes: nodeCount },
    );
  }
}

function checkServiceRange(services: Range): void {
  if (services.cidr.prefix >= 12 && services.cidr.prefix <= 28) return;
  throw new InvalidInput('service-cidr-size', `The service range ${services.cidr.text} must be between /12 and /28.`, {
    field: services.field,
  });
}

function checkNodeRange(nodes: Range, nodeCount: number): void {
  const room = nodes.cidr.last - nodes.cidr.first + 1 - SPARE_ADDRESSES;
  if (room >= nodeCount) return;
  throw new InvalidInput(
    'subnet-too-small',
    `The node subnet ${nodes.cidr.text} (${nodes.field}) has room for ${Math.max(room, 0)} nodes, the cluster may have ${nodeCount}.`,
    { field: nodes.field, nodes: nodeCount },
  );
}
