import type { BundleInput } from '#libs/bootstrap';
import type { Settings } from '#libs/config';
import type { BundleRows, StoredAuthorities, StoredAuthority } from '#libs/db';
import { z } from 'zod';
import { notYet } from './bootstrap-errors.js';

const API_PORT = 6443;

/** What the infrastructure stack tells of the cluster's API. */
const outputs = z.looseObject({
  api_host: z.string().nullish(),
  api_private_ip: z.string().nullish(),
});

/** What all bundles of a cluster have in common. */
export interface BundleSecrets {
  readonly authorities: StoredAuthorities;
  /** Of the keys of the cluster's CA, or CAs, as kubeadm pins them. */
  readonly caCertHashes: readonly string[];
  readonly bootstrapToken: string;
  /** For masters that join while there are two authorities. */
  readonly admin?: StoredAuthority | undefined;
}

/**
 * Rows and opened secrets become the input of a node's bundle. Pure.
 * @param isFirst the node makes the control plane
 * @param site what the operator has set for all nodes
 * @throws BootstrapRefusal 503 what is needed is not known yet
 */
export function bundleInput(
  rows: BundleRows,
  isFirst: boolean,
  secrets: BundleSecrets,
  site: Settings['NODE_SETTINGS'],
): BundleInput {
  const { node, group, cluster, template } = rows;
  const infra = outputs.parse(rows.outputs);
  const facts = node.facts ?? group.nodeFacts;
  if (!facts) throw notYet('The cluster is not prepared yet.');
  const ownHost = cluster.apiAddress === null ? null : new URL(cluster.apiAddress).hostname.replace(/^\[|\]$/g, '');
  const apiHost = infra.api_host ?? (isFirst ? null : ownHost);
  if (apiHost === null && !isFirst) throw notYet('The address of the cluster’s API is not known yet.');
  return {
    node: {
      id: node.uuid,
      name: node.name,
      role: node.role,
      groupName: group.name,
      labels: group.nodeLabels,
      taints: group.nodeTaints,
    },
    kind: isFirst ? 'init' : node.role === 'master' ? 'join-control-plane' : 'join-worker',
    cluster: {
      id: cluster.uuid,
      name: cluster.name,
      labels: cluster.labels,
      createTimeoutMinutes: cluster.createTimeout ?? 0,
      networkDriver: template.networkDriver,
      httpProxy: template.httpProxy,
      httpsProxy: template.httpsProxy,
      noProxy: template.noProxy,
      insecureRegistry: template.insecureRegistry,
    },
    kubernetesVersion: facts.kubernetesVersion,
    imageProperties: {
      ...(facts.imageKubeVersion === null ? {} : { kube_version: facts.imageKubeVersion }),
      ...(facts.imageDistro ? { os_distro: facts.imageDistro } : {}),
    },
    apiHost,
    apiPort: template.apiserverPort ?? API_PORT,
    apiAddresses: [
      ...new Set([infra.api_host, infra.api_private_ip, ownHost].filter((host) => host !== null && host !== undefined)),
    ],
    nodeCidr: facts.nodeCidr,
    bootstrapToken: secrets.bootstrapToken,
    caCertHashes: secrets.caCertHashes,
    controlPlane: node.role === 'master' ? { ...secrets.authorities, admin: secrets.admin } : undefined,
    dockerVolume: (group.dockerVolumeSize ?? 0) > 0,
    keystoneAuth: rows.addons.has('keystone-auth'),
    externalCloudProvider: rows.addons.has('openstack-cloud-controller-manager'),
    ...site,
  };
}
