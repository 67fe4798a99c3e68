import type { Finding, LedgerCluster, LedgerNode, LedgerRow } from '#libs/db';
import { ruleDifference, ruleProperties } from '#libs/stack';
import { z } from 'zod';
import { standsStill } from '../operations/repair/stands-still.js';
import type { Inventory, Keyed } from './cloud-inventory.js';
import { keyedBy } from './keys.js';

const SERVER = 'OS::Nova::Server';
const GROUP = 'OS::Nova::ServerGroup';
/** What is a node's alone: without it the node is unwell. */
const OF_A_NODE: readonly string[] = [SERVER, 'OS::Neutron::Port', 'OS::Cinder::Volume', 'OS::Cinder::VolumeAttachment'];
/** Ids of ours that no service knows: two joined. */
const JOINED: readonly string[] = [
  'OS::Neutron::FloatingIPAssociation',
  'OS::Neutron::RouterInterface',
  'OS::Cinder::VolumeAttachment',
  'OS::Octavia::PoolMember',
];

/**
 * What ledger and cloud say differently of one cluster on which nothing works now. Pure.
 *
 * Of the cloud's objects: with our key and no row that wants it, `orphan`; beside the row's own object, `duplicate`; of a row
 * without id, `adoptable`. Of the rows that are complete: `missing`, `changed`, `down`.
 */
export function compareCluster(cluster: LedgerCluster, own: readonly Keyed[], cloud: Inventory): Finding[] {
  return [...objectsOf(cluster, own), ...serverGroups(cluster, cloud), ...rowsOf(cluster, cloud)];
}

/** Objects of a cluster that is gone: nothing wants them. Pure. */
export function orphansOfGone(own: readonly Keyed[], projectId: string): Finding[] {
  return own.map((object) => finding('orphan', object, projectId, `${words(object)} is left of a cluster that is gone`));
}

/** Server groups of clusters that are gone. Nobody but a server has a name of that form by chance, so the project counts too. Pure. */
export function groupsOfGone(cloud: Inventory, gone: ReadonlyMap<string, string>): Finding[] {
  const byKey = new Map([...gone].map(([uuid, projectId]) => [shortOf(uuid), { uuid, projectId }]));
  return cloud.serverGroups.flatMap((group) => {
    const cluster = byKey.get(keyedBy(group.name) ?? '');
    if (!cluster || group.project_id !== cluster.projectId || group.members.length > 0) return [];
    const object = { ...keyedGroup(group, cluster.uuid), projectId: cluster.projectId };
    return [finding('orphan', object, cluster.projectId, `${words(object)} is left of a cluster that is gone`)];
  });
}

export const shortOf = (uuid: string): string => uuid.replaceAll('-', '').slice(0, 12);

function objectsOf(cluster: LedgerCluster, own: readonly Keyed[]): Finding[] {
  const rows = new Map(cluster.rows.map((row) => [row.uuid, row]));
  return own.flatMap((object) => {
    const one = (kind: Finding['class'], message: string): Finding[] => [finding(kind, object, cluster.projectId, message)];
    if (object.kind === 'user' || object.kind === 'trust') {
      const wanted = object.kind === 'user' ? cluster.trusteeUserId : cluster.trustId;
      return object.id === wanted ? [] : one('orphan', `${words(object)} is not the one that the cluster acts by`);
    }
    const row = rows.get(object.resourceUuid ?? '');
    if (!row || isNothing(row)) return one('orphan', `${words(object)} is wanted by nothing`);
    if (row.type !== object.kind || row.physicalId === object.id) return [];
    if (row.physicalId === null) return one('adoptable', `${words(object)} is there, and its row does not know it`);
    return one('duplicate', `${words(object)} is there beside ${row.physicalId}`);
  });
}

/** They carry no key: the name tells them, and they must be in the cluster's project. */
function serverGroups(cluster: LedgerCluster, cloud: Inventory): Finding[] {
  const short = shortOf(cluster.uuid);
  const rows = cluster.rows.filter((row) => row.type === GROUP);
  return cloud.serverGroups.flatMap((group) => {
    if (keyedBy(group.name) !== short || group.project_id !== cluster.projectId) return [];
    if (rows.some((row) => row.physicalId === group.id)) return [];
    const row = rows.find(({ physicalName }) => physicalName === group.name);
    const object = { ...keyedGroup(group, cluster.uuid), resourceUuid: row?.uuid ?? null };
    if (row && !isNothing(row) && row.physicalId === null) {
      return [finding('adoptable', object, cluster.projectId, `${words(object)} is there, and its row does not know it`)];
    }
    if (group.members.length > 0) return [];
    return [finding('orphan', object, cluster.projectId, `${words(object)} is wanted by nothing`)];
  });
}

const keyedGroup = (group: { id: string; name: string; project_id?: string | null | undefined }, clusterUuid: string): Keyed => ({
  kind: GROUP,
  id: group.id,
  name: group.name,
  projectId: group.project_id ?? '',
  clusterUuid,
  resourceUuid: null,
});

function rowsOf(cluster: LedgerCluster, cloud: Inventory): Finding[] {
  const nodes = new Map(cluster.nodes.map((node) => [node.name, node]));
  return cluster.rows.flatMap((row) => {
    if (row.status !== 'COMPLETE' || isNothing(row) || !row.settled || row.physicalId === null) return [];
    if (!cloud.kinds.has(row.type) || (!row.native && JOINED.includes(row.type))) return [];
    const difference = differenceOf(row, row.physicalId, cloud);
    const node = nodeOf(row, nodes);
    if (!difference || node?.leaving) return [];
    return [
      {
        class: difference.class,
        kind: row.type,
        objectId: row.physicalId,
        name: row.physicalName,
        clusterUuid: cluster.uuid,
        projectId: cluster.projectId,
        resourceUuid: row.uuid,
        nodeUuid: OF_A_NODE.includes(row.type) ? (node?.uuid ?? null) : null,
        message: `${row.type} ${row.physicalName} ${difference.words}`,
      },
    ];
  });
}

function differenceOf(row: LedgerRow, id: string, cloud: Inventory): { class: Finding['class']; words: string } | null {
  const gone = { class: 'missing', words: 'is gone' } as const;
  switch (row.type) {
    case 'OS::Neutron::FloatingIPAssociation': {
      const [floatingIp = '', port] = id.split(':');
      return cloud.floatingIps.get(floatingIp) === port ? null : { class: 'missing', words: 'is undone' };
    }
    case 'OS::Neutron::RouterInterface': {
      const [router, , value] = id.split(/[:=]/);
      return cloud.interfaces.has(`${router} ${value}`) ? null : gone;
    }
    case 'OS::Cinder::VolumeAttachment':
      return cloud.attachments.has(id) ? null : { class: 'missing', words: 'is undone' };
  }
  if (!cloud.ids.get(row.type)?.has(id)) return gone;
  if (row.type === SERVER) {
    const status = cloud.servers.get(id)?.status;
    return status !== undefined && standsStill(status) ? { class: 'down', words: `is ${status}` } : null;
  }
  if (row.type === 'OS::Neutron::SecurityGroup') {
    const rules = z.array(ruleProperties).safeParse(propertiesOf(row)['rules']);
    const present = cloud.rules.get(id);
    if (!rules.success || !present) return null;
    const { missing, stale } = ruleDifference(id, rules.data, present);
    if (missing.length + stale.length === 0) return null;
    return { class: 'changed', words: `has other rules: ${missing.length} are missing, ${stale.length} are too many` };
  }
  const port = row.type === 'OS::Neutron::FloatingIP' ? propertiesOf(row)['port_id'] : undefined;
  return port !== undefined && cloud.floatingIps.get(id) !== port ? { class: 'changed', words: 'is not where it was put' } : null;
}

const propertiesOf = (row: LedgerRow): Record<string, unknown> =>
  (row.definition?.['properties'] as Record<string, unknown> | undefined) ?? {};

/** Names of what belongs to a node begin with the node's, which is the server's. */
function nodeOf({ physicalName }: LedgerRow, nodes: ReadonlyMap<string, LedgerNode>): LedgerNode | undefined {
  const name = physicalName.replace(/-r\d+$/, '');
  return (
    nodes.get(name) ?? nodes.get(name.replace(/(-port|-boot|-docker|-etcd|-member|-docker-attachment|-etcd-attachment)$/, ''))
  );
}

const isNothing = ({ action, status }: LedgerRow): boolean => action === 'INIT' || (action === 'DELETE' && status === 'COMPLETE');

const words = (object: Keyed): string => `${object.kind} ${object.name}`;

function finding(kind: Finding['class'], object: Keyed, projectId: string, message: string): Finding {
  const { id: objectId, name, clusterUuid, resourceUuid } = object;
  return {
    class: kind,
    kind: object.kind,
    objectId,
    name,
    clusterUuid,
    projectId: object.projectId || projectId,
    resourceUuid,
    nodeUuid: null,
    message,
  };
}
