import { checkLabels, InvalidInput, labelText, nodeLogicalName } from '#libs/domain';
import { getParam, getResource, resource } from '../hot.js';
import { apiCarrier } from '../api-carrier.js';
import type { InfraOutputs } from '../outputs.js';
import type { ClusterSpec, GroupSpec, HotParameter, HotResource, NodeSpec, StackPlan } from '../types.js';
import { nodeResources, userDataParameter } from './node.js';

/** A node group's stack: its nodes, one beside the other. Only masters are members of the pool or carry the floating IP. */
export function nodeGroup(cluster: ClusterSpec, group: GroupSpec, nodes: readonly NodeSpec[], infra: InfraOutputs): StackPlan {
  checkLabels(group.labels);
  checkSlots(nodes);
  const isMaster = group.role === 'master';
  const ownServerGroup = serverGroupOf(cluster, group);
  const parameters = parametersOf(cluster, group, infra, ownServerGroup !== null);
  const hidden = nodes.map((node) => userDataParameter(node.slot));
  const named = nodes.map((node): [string, NodeSpec] => [nodeLogicalName(group, node.slot), node]);
  const serverGroup = ownServerGroup ? getResource(serverGroupName(group)) : getParam('server_group');
  const context = { cluster, group, serverGroup, withPool: isMaster && infra.pool_id !== null };
  const resources: Record<string, HotResource> = {};
  if (ownServerGroup) resources[serverGroupName(group)] = ownServerGroup;
  for (const [name, node] of named) Object.assign(resources, nodeResources(context, name, node));
  if (isMaster && infra.pool_id === null) Object.assign(resources, floatingIpAssociation(named, infra));
  return {
    template: {
      heat_template_version: '2021-04-16',
      description: `Nodes of a Kubernetes cluster: ${group.role}s`,
      parameters: Object.fromEntries([
        ...Object.keys(parameters).map((name): [string, HotParameter] => [name, { type: 'string' }]),
        ...hidden.map((name): [string, HotParameter] => [name, { type: 'string', hidden: true }]),
      ]),
      resources,
      // The addresses and ids of nodes are read from the rows of ports and servers, while the stack is made.
      outputs: {},
    },
    parameters,
    hidden,
  };
}

function parametersOf(
  cluster: ClusterSpec,
  group: GroupSpec,
  infra: InfraOutputs,
  ownServerGroup: boolean,
): Record<string, string> {
  const isMaster = group.role === 'master';
  return {
    ...(cluster.keypair === null ? {} : { key_name: cluster.keypair }),
    network: infra.network_id,
    subnet: infra.subnet_id,
    cluster_security_group: infra.cluster_security_group_id,
    role_security_group: isMaster ? infra.master_security_group_id : infra.worker_security_group_id,
    ...(ownServerGroup ? {} : { server_group: isMaster ? infra.master_server_group_id : infra.worker_server_group_id }),
    ...(isMaster && infra.pool_id !== null ? { pool: infra.pool_id } : {}),
    ...(isMaster && infra.pool_id === null && infra.api_floating_ip_id !== null
      ? { api_floating_ip: infra.api_floating_ip_id }
      : {}),
  };
}

/** A group that wants to be spread in another way than the cluster has a server group of its own. */
function serverGroupOf(cluster: ClusterSpec, group: GroupSpec): HotResource | null {
  const wanted = labelText(group.labels, 'server_group_policies');
  const same = wanted === labelText(cluster.labels, 'server_group_policies');
  return group.isDefault || same ? null : resource('OS::Nova::ServerGroup', { policies: [wanted] });
}

const serverGroupName = (group: GroupSpec): string => nodeLogicalName(group, 0).replace(/-0$/, '-server-group');

function floatingIpAssociation(named: readonly [string, NodeSpec][], infra: InfraOutputs): Record<string, HotResource> {
  const carrier = apiCarrier(named.map(([name, node]) => ({ ...node, logicalName: name })));
  if (!carrier || infra.api_floating_ip_id === null) return {};
  const properties = { floatingip_id: getParam('api_floating_ip'), port_id: getResource(`${carrier.logicalName}-port`) };
  return { 'api-floating-ip-association': resource('OS::Neutron::FloatingIPAssociation', properties) };
}

function checkSlots(nodes: readonly NodeSpec[]): void {
  const slots = new Set(nodes.map((node) => node.slot));
  const good = slots.size === nodes.length && nodes.every((node) => Number.isSafeInteger(node.slot) && node.slot >= 0);
  if (!good) throw new InvalidInput('bad-slots', 'Slots of nodes must be whole numbers, each once.', { field: 'nodes' });
}
