import { OperationsRepository, type OperationEntity } from '#libs/db';
import { Injectable } from '@nestjs/common';
import { SERVICE } from '../operations/service-scope.js';

/** Name of the user that a rotation makes. The first one, made with the cluster, is called by the cluster's uuid alone. */
export const rotatedName = ({ uuid, clusterUuid }: Pick<OperationEntity, 'uuid' | 'clusterUuid'>): string =>
  `${clusterUuid}-${uuid.slice(0, 8)}`;

/** Names under which users of a cluster may still be there besides the one it acts by. */
@Injectable()
export class RotatedTrustees {
  constructor(private readonly operations: OperationsRepository) {}

  /** A rotation that was completed has left no other. Empty when there has been none since, or none at all. */
  async names(clusterUuid: string): Promise<string[]> {
    const rotations = await this.operations.sinceComplete(SERVICE, clusterUuid, 'rotate-credential');
    const open = rotations.filter((one) => one.status !== 'complete');
    if (open.length === 0) return [];
    return [...rotations.map(rotatedName), ...(open.length === rotations.length ? [clusterUuid] : [])];
  }
}
