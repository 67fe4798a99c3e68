import type { BundleInput } from '#libs/bootstrap';
import type { BundleRows, StoredAuthorities } from '#libs/db';
import { labelText } from '#libs/domain';
import { spkiPin } from '#libs/pki';
import { z } from 'zod';

const API_PORT = 6443;

/** What the infrastructure stack tells of the cluster's API. */
const outputs = z.looseObject({
  api_host: z.string().nullish(),
  api_private_ip: z.string().nullish(),
});

/** What was found out when the cluster was asked for, and by the conductor since. */
const request = z.looseObject({
  kubernetesVersion: z.string(),
  imageProperties: z.record(z.string(), z.unknown()).default({}),
  resolved: z.looseObject({ existingNetwork: z.looseObject({ cidr: z.string() }).nullish() }).optional(),
});

/**
 * Rows and opened secrets become the input of a node's bundle. Pure.
 * @param isFirst the node makes the control plane
 * @throws ZodError what is needed is not known yet
 */
export function bundleInput(rows: BundleRows, isFirst: boolean, authorities: StoredAuthorities, bootstrapToken: string): BundleInput {
  const { node, group, cluster, template } = rows;
  const infra = outputs.parse(rows.outputs);
  const known = request.parse(rows.request);
  const ownHost = cluster.apiAddress === null ? null : new URL(cluster.apiAddress).hostname.replace(/^\[|\]$/g, '');
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
    kubernetesVersion: known.kubernetesVersion,
    imageProperties: known.imageProperties,
    apiHost: infra.api_host ?? (isFirst ? null : ownHost),
    apiPort: template.apiserverPort ?? API_PORT,
    apiAddresses: [...new Set([infra.api_host, infra.api_private_ip, ownHost].filter((host) => host !== null && host !== undefined))],
    nodeCidr: known.resolved?.existingNetwork?.cidr ?? labelText(cluster.labels, 'fixed_subnet_cidr'),
    bootstrapToken,
    caCertHashes: [spkiPin(authorities.ca.certPem)],
    controlPlane: node.role === 'master' ? authorities : undefined,
    dockerVolume: (group.dockerVolumeSize ?? 0) > 0,
    externalCloudProvider: false,
  };
}
