import { randomUUID } from 'node:crypto';
import { ClusterEntity, ClusterTemplateEntity, NodeGroupEntity, OperationsRepository, UnitOfWork, values } from '#libs/db';
import type { OperationKind } from '#libs/domain';
import type { TestDatabase } from '#libs/testing';

/** A cluster with its template and two groups, as the API writes them. */
export async function insertCluster({ source }: TestDatabase, overrides: Partial<ClusterEntity> = {}): Promise<ClusterEntity> {
  const template = randomUUID();
  await source.manager.insert(
    ClusterTemplateEntity,
    values<ClusterTemplateEntity>({
      uuid: template,
      projectId: 'p',
      userId: 'u',
      name: 't',
      coe: 'kubernetes',
      imageId: 'image',
    }),
  );
  const uuid = overrides.uuid ?? randomUUID();
  await source.manager.insert(
    ClusterEntity,
    values<ClusterEntity>({
      uuid,
      projectId: 'p',
      userId: 'u',
      name: 'k1',
      clusterTemplateUuid: template,
      floatingIpEnabled: true,
      masterLbEnabled: false,
      status: 'CREATE_IN_PROGRESS',
      ...overrides,
    }),
  );
  for (const role of ['master', 'worker']) {
    await source.manager.insert(
      NodeGroupEntity,
      values<NodeGroupEntity>({
        uuid: randomUUID(),
        clusterUuid: uuid,
        projectId: 'p',
        name: `default-${role}`,
        role,
        isDefault: true,
        nodeCount: 1,
        status: 'CREATE_IN_PROGRESS',
      }),
    );
  }
  return source.manager.findOneByOrFail(ClusterEntity, { uuid });
}

/** An operation as the API writes it. @returns its uuid */
export async function insertOperation(
  { source }: TestDatabase,
  clusterUuid: string,
  kind: OperationKind,
  deadlineAt: Date | null = null,
): Promise<string> {
  const uuid = randomUUID();
  await new UnitOfWork(source).run((tx) =>
    new OperationsRepository(source).insert(tx, {
      uuid,
      clusterUuid,
      projectId: 'p',
      userId: 'u',
      requestId: 'req-test',
      kind,
      request: {},
      deadlineMinutes: deadlineAt && (deadlineAt.getTime() - Date.now()) / 60_000,
    }),
  );
  return uuid;
}
