import { readFile } from 'node:fs/promises';
import {
  CLOUD_AUTHORITY_KEY,
  CLOUD_AUTHORITY_PATH,
  CLOUD_CONFIG_KEY,
  CLOUD_CONFIG_SECRET,
  FIELD_MANAGER,
  SYSTEM,
} from '#libs/addons';
import type { Settings } from '#libs/config';
import { CLUSTER_SECRET, clusterOwner, SecretStore, StacksRepository, type ClusterEntity } from '#libs/db';
import { labelText } from '#libs/domain';
import type { ClusterClient, KubernetesObject } from '#libs/kubernetes';
import { Inject, Injectable } from '@nestjs/common';
import type { Trustee } from '../cloud/cluster-identity.js';
import { SERVICE } from '../operations/service-scope.js';
import { SETTINGS } from '../tokens.js';

export interface CloudConfigFacts {
  readonly authUrl: string;
  readonly region: string | null;
  readonly authorityPem: string | null;
  readonly trustee: Trustee;
  readonly floatingNetworkId: string | null;
  readonly subnetId: string | null;
  readonly loadBalancerProvider: string;
  readonly loadBalancerMethod: string;
}

/**
 * `cloud.conf` of the cloud controller manager, Cinder CSI and the autoscaler. A value is quoted where it is not a plain word.
 * Source: kubernetes/cloud-provider-openstack, docs/openstack-cloud-controller-manager, 1.36.
 */
export function cloudConf(facts: CloudConfigFacts): string {
  const { trustee } = facts;
  const section = (name: string, values: Readonly<Record<string, string | null>>): string => {
    const lines = Object.entries(values).flatMap(([key, value]) =>
      value === null || value === '' ? [] : [`${key}=${quoted(value)}`],
    );
    return `[${name}]\n${lines.join('\n')}\n`;
  };
  return [
    section('Global', {
      'auth-url': facts.authUrl,
      'user-id': trustee.trusteeUserId,
      password: trustee.password,
      'trust-id': trustee.trustId,
      region: facts.region,
      'ca-file': facts.authorityPem === null ? null : CLOUD_AUTHORITY_PATH,
    }),
    section('LoadBalancer', {
      'floating-network-id': facts.floatingNetworkId,
      'subnet-id': facts.subnetId,
      'lb-provider': facts.loadBalancerProvider,
      'lb-method': facts.loadBalancerMethod,
      'create-monitor': 'true',
    }),
  ].join('\n');
}

function quoted(value: string): string {
  return /^[A-Za-z0-9._/:-]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** By what the pods of a cluster act in the cloud: its trust, in a Secret of its own. */
@Injectable()
export class CloudConfig {
  constructor(
    private readonly secrets: SecretStore,
    private readonly stacks: StacksRepository,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /**
   * Writes the Secret; the pods read it anew when they are started again, and the cloud controller manager when its token ends.
   * @returns false: the cluster has no trust to act by
   * @throws KubernetesError
   */
  async write(cluster: ClusterEntity, client: Pick<ClusterClient, 'apply'>, signal?: AbortSignal): Promise<boolean> {
    const secret = await this.secret(cluster);
    if (!secret) return false;
    await client.apply(secret, FIELD_MANAGER, { signal });
    return true;
  }

  private async secret(cluster: ClusterEntity): Promise<KubernetesObject | null> {
    const { trustId, trusteeUserId, labels } = cluster;
    const [password, infrastructure, authorityPem] = await Promise.all([
      this.secrets.find(clusterOwner(cluster.uuid), CLUSTER_SECRET.trusteePassword),
      this.stacks.load(SERVICE, cluster.stackId ?? ''),
      this.settings.KEYSTONE_CA_FILE ? readFile(this.settings.KEYSTONE_CA_FILE, 'utf8') : null,
    ]);
    if (!trustId || !trusteeUserId || !password) return null;
    const { parameters = {}, outputs } = infrastructure?.stack ?? {};
    const provider = labelText(labels, 'octavia_provider');
    const conf = cloudConf({
      authUrl: this.settings.KEYSTONE_AUTH_URL,
      region: this.settings.KEYSTONE_REGION ?? null,
      authorityPem,
      trustee: { trustId, trusteeUserId, password: password.toString('utf8') },
      floatingNetworkId: textIn(parameters, 'external_network'),
      subnetId: textIn(outputs ?? {}, 'subnet_id'),
      loadBalancerProvider: provider,
      loadBalancerMethod: labelText(labels, 'octavia_lb_algorithm') || (provider === 'ovn' ? 'SOURCE_IP_PORT' : 'ROUND_ROBIN'),
    });
    const data = { [CLOUD_CONFIG_KEY]: conf, ...(authorityPem === null ? {} : { [CLOUD_AUTHORITY_KEY]: authorityPem }) };
    return {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: CLOUD_CONFIG_SECRET, namespace: SYSTEM, labels: { 'app.kubernetes.io/managed-by': 'jeroboam' } },
      type: 'Opaque',
      data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
    };
  }
}

function textIn(values: Readonly<Record<string, unknown>>, key: string): string | null {
  const value = values[key];
  return typeof value === 'string' ? value : null;
}
