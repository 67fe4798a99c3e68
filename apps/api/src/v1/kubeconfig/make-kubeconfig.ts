import type { Settings } from '#libs/config';
import { ClustersRepository, findAuthorities, SecretStore, trustOf, type ClusterEntity, type StoredAuthority } from '#libs/db';
import { Conflict, InvalidInput, type RequestContext } from '#libs/domain';
import { issueClientCertificate, signCsr } from '#libs/pki';
import { Inject, Injectable } from '@nestjs/common';
import { stringify } from 'yaml';
import { Policy } from '../../policy/policy.js';
import { ownScope } from '../../policy/scope.js';
import { SETTINGS } from '../../tokens.js';
import { ClusterAccess, type ClusterUser } from '../certificates/cluster-access.js';
import { certificatesNotMade } from '../certificates/cluster-certificates.js';

interface Credential {
  readonly certPem: string;
  /** Absent: the caller has it. */
  readonly keyPem?: string | undefined;
}

/**
 * A way into a cluster for an hour or a day, with the rights that policy gives the caller. The key is either made for this
 * one answer and forgotten, or the caller's own. See ADR 0024.
 */
@Injectable()
export class MakeKubeconfig {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly secrets: SecretStore,
    private readonly access: ClusterAccess,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /**
   * @param csr the caller's own request; null: a key is made
   * @returns YAML
   * @throws Conflict the cluster has no certificates or no address yet; InvalidInput too long, or no such request
   */
  async run(ctx: RequestContext, ident: string, wanted: { minutes: number | null; csr: string | null }): Promise<string> {
    const cluster = await this.clusters.get(ownScope(ctx), ident);
    this.policy.enforce(ctx, 'kubeconfig:get', cluster);
    const minutes = this.life(wanted.minutes);
    const authorities = await findAuthorities(this.secrets, cluster.uuid);
    if (!authorities) throw certificatesNotMade(cluster);
    if (cluster.apiAddress === null) {
      throw new Conflict('no-api-address', 'Cluster API address is not available yet', { clusterUuid: cluster.uuid });
    }
    const user = this.access.userOf(ctx, cluster);
    const credential = await credentialOf(authorities.ca, user, minutes, wanted.csr);
    await this.access.tell(ctx, cluster, 'a kubeconfig', credential.certPem);
    return kubeconfig(cluster, cluster.apiAddress, trustOf(authorities.ca), user, credential);
  }

  private life(minutes: number | null): number {
    const { KUBECONFIG_MINUTES: usual, KUBECONFIG_MAX_MINUTES: most } = this.settings;
    if (minutes === null || minutes <= most) return Math.min(minutes ?? usual, most);
    throw new InvalidInput(
      'kubeconfig-too-long',
      `Invalid input for field/attribute minutes. Value: '${minutes}'. Value should be lesser or equal to ${most}`,
      { field: 'minutes', value: minutes },
    );
  }
}

async function credentialOf(
  ca: StoredAuthority,
  { commonName, organizations }: ClusterUser,
  minutes: number,
  csr: string | null,
): Promise<Credential> {
  const subject = { commonName, organizations };
  if (csr === null) return issueClientCertificate(ca, { ...subject, minutes });
  return { certPem: `${await signCsr(ca, csr, { days: minutes / 1440, subject })}\n` };
}

function kubeconfig(
  { name }: ClusterEntity,
  server: string,
  caPem: string,
  { commonName }: ClusterUser,
  { certPem, keyPem }: Credential,
): string {
  const base64 = (pem: string): string => Buffer.from(pem).toString('base64');
  const user = `${commonName}@${name}`;
  const document = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(caPem) } }],
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': base64(certPem),
          ...(keyPem === undefined ? {} : { 'client-key-data': base64(keyPem) }),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user } }],
    'current-context': name,
  };
  return stringify(document, { version: '1.1', lineWidth: 0 });
}
