import { Conflict, InvalidInput, isNotFound, type RequestContext } from '#libs/domain';
import { ClustersRepository, findAuthorities, SecretStore, trustOf, type ClusterEntity, type StoredAuthority } from '#libs/db';
import { signCsr } from '#libs/pki';
import type { Settings } from '#libs/config';
import { Inject, Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { ownScope } from '../../policy/scope.js';
import { SETTINGS } from '../../tokens.js';
import type { SignCertificateBody } from './certificate.dto.js';
import { ClusterAccess } from './cluster-access.js';

/**
 * The cluster's authorities: shown and used to sign, their keys never leave. For the maker of the cluster and his
 * project's administrators; these calls never look into other projects. Reference section 5.4.
 */
@Injectable()
export class ClusterCertificates {
  constructor(
    private readonly policy: Policy,
    private readonly clusters: ClustersRepository,
    private readonly secrets: SecretStore,
    private readonly access: ClusterAccess,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async show(ctx: RequestContext, ident: string, type: string | null): Promise<{ clusterUuid: string; pem: string }> {
    const cluster = await this.clusters.get(ownScope(ctx), ident);
    this.policy.enforce(ctx, 'certificate:get', cluster);
    return { clusterUuid: cluster.uuid, pem: trustOf(await this.authority(cluster, type)) };
  }

  /**
   * For the caller as policy sees him, whatever subject he has asked for: `openstack coe cluster config` asks for
   * `system:masters`, and nobody could take that back. The authorities of etcd and of the front proxy make whoever has their
   * certificates more than any administrator, so they sign for those alone who may have what they ask for. See ADR 0024.
   */
  async sign(ctx: RequestContext, body: SignCertificateBody): Promise<{ clusterUuid: string; pem: string }> {
    const cluster = await this.findForSigning(ctx, body.cluster_uuid);
    this.policy.enforce(ctx, 'certificate:create', cluster);
    const authority = await this.authority(cluster, body.ca_cert_type);
    const asRequested = this.policy.allows(ctx, 'certificate:create_as_requested', cluster);
    if (!asRequested && isInner(body.ca_cert_type)) this.policy.enforce(ctx, 'certificate:create_as_requested', cluster);
    const pem = await signCsr(authority, body.csr, {
      days: this.settings.SIGNED_CERTIFICATE_DAYS,
      subject: asRequested ? undefined : this.access.userOf(ctx, cluster),
    });
    await this.access.tell(ctx, cluster, 'a certificate', pem);
    return { clusterUuid: cluster.uuid, pem };
  }

  /** Here an unknown cluster is 400. */
  private async findForSigning(ctx: RequestContext, ident: string): Promise<ClusterEntity> {
    try {
      return await this.clusters.get(ownScope(ctx), ident);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      throw new InvalidInput('cluster-not-found', (error as Error).message, { field: 'cluster_uuid', value: ident });
    }
  }

  private async authority(cluster: ClusterEntity, type: string | null): Promise<StoredAuthority> {
    const authorities = await findAuthorities(this.secrets, cluster.uuid);
    if (!authorities) throw certificatesNotMade(cluster);
    if (type === 'etcd') return authorities.etcdCa;
    if (isFrontProxy(type)) return authorities.frontProxyCa;
    return authorities.ca;
  }
}

export const certificatesNotMade = ({ uuid, name }: ClusterEntity): Conflict =>
  new Conflict('certificates-not-made', `The certificates of cluster ${name} are not made yet.`, { clusterUuid: uuid });

const isFrontProxy = (type: string | null): boolean => type === 'front-proxy' || type === 'front_proxy';
const isInner = (type: string | null): boolean => type === 'etcd' || isFrontProxy(type);
