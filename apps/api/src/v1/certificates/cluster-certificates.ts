import { Conflict, InvalidInput, isNotFound, type RequestContext } from '#libs/domain';
import { ClustersRepository, findAuthorities, SecretStore, type ClusterEntity, type StoredAuthority } from '#libs/db';
import { signCsr } from '#libs/pki';
import { Injectable } from '@nestjs/common';
import { Policy } from '../../policy/policy.js';
import { ownScope } from '../../policy/scope.js';
import type { SignCertificateBody } from './certificate.dto.js';

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
  ) {}

  async show(ctx: RequestContext, ident: string, type: string | null): Promise<{ clusterUuid: string; pem: string }> {
    const cluster = await this.clusters.get(ownScope(ctx), ident);
    this.policy.enforce(ctx, 'certificate:get', cluster);
    return { clusterUuid: cluster.uuid, pem: (await this.authority(cluster, type)).certPem };
  }

  async sign(ctx: RequestContext, body: SignCertificateBody): Promise<{ clusterUuid: string; pem: string }> {
    const cluster = await this.findForSigning(ctx, body.cluster_uuid);
    this.policy.enforce(ctx, 'certificate:create', cluster);
    const authority = await this.authority(cluster, body.ca_cert_type);
    return { clusterUuid: cluster.uuid, pem: await signCsr(authority, body.csr) };
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
    if (!authorities) {
      throw new Conflict('certificates-not-made', `The certificates of cluster ${cluster.name} are not made yet.`, {
        clusterUuid: cluster.uuid,
      });
    }
    if (type === 'etcd') return authorities.etcdCa;
    if (type === 'front-proxy' || type === 'front_proxy') return authorities.frontProxyCa;
    return authorities.ca;
  }
}
