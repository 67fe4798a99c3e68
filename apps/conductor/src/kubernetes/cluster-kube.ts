import { findAuthorities, SecretStore, trustOf, type ClusterEntity } from '#libs/db';
import { OperationFailure } from '#libs/domain';
import { clusterClient, type ClusterClient, type ClusterEndpoint } from '#libs/kubernetes';
import { issueClientCertificate } from '#libs/pki';
import { Injectable } from '@nestjs/common';

const CALL_TIMEOUT_MS = 5_000;

type Addressed = Pick<ClusterEntity, 'uuid' | 'apiAddress'>;

/** Ways into the clusters that we made: a client certificate of our own for each piece of work, by the cluster's CA. */
@Injectable()
export class ClusterKube {
  constructor(private readonly secrets: SecretStore) {}

  /**
   * @param minutes how long the certificate is good
   * @throws OperationFailure the cluster has no address or no authorities
   */
  async connect(cluster: Addressed, minutes: number): Promise<ClusterClient> {
    return clusterClient(await this.endpoint(cluster, minutes));
  }

  /** The same, to be kept: the certificate serves several clients, one after the other. */
  async endpoint(cluster: Addressed, minutes: number): Promise<ClusterEndpoint> {
    const authorities = await findAuthorities(this.secrets, cluster.uuid);
    if (!authorities || !cluster.apiAddress) {
      throw new OperationFailure(
        'kubernetes-unreachable',
        'kubernetes: the address or the certificates of the cluster are not there',
        { step: 'kubernetes' },
      );
    }
    // Works before and without any RBAC object of the cluster.
    const { certPem, keyPem } = await issueClientCertificate(authorities.ca, {
      commonName: 'jeroboam-conductor',
      organizations: ['system:masters'],
      minutes,
    });
    return { server: cluster.apiAddress, caPem: trustOf(authorities.ca), certPem, keyPem, timeoutMs: CALL_TIMEOUT_MS };
  }
}
