import type { EndingCertificatesRepository, EventsRepository, NodesRepository, UnitOfWork } from '#libs/db';
import { SERVICE } from '../operations/service-scope.js';

const BATCH = 1_000;

export interface EndingParts {
  readonly ending: EndingCertificatesRepository;
  readonly nodes: NodesRepository;
  readonly events: EventsRepository;
  readonly uow: UnitOfWork;
  /** 0: never */
  readonly days: number;
  /** Where a cluster heals itself, its masters are replaced. */
  readonly heal: (clusterUuid: string, causes: { readonly nodeUuid: string; readonly message: string }[]) => Promise<unknown>;
}

/**
 * Marks masters for replacement before their certificates end. The next repair replaces them, and so do an upgrade and a rotation
 * of the authorities.
 * @returns how many
 */
export async function markEnding({ ending, nodes, events, uow, days, heal }: EndingParts): Promise<number> {
  if (days === 0) return 0;
  const found = await ending.masters(SERVICE, days, BATCH);
  for (const { uuid, name, clusterUuid, projectId, joinedAt } of found) {
    const end = new Date((joinedAt ?? new Date()).getTime() + 365 * 86_400_000).toISOString().slice(0, 10);
    const reason = `its certificates end on ${end}`;
    await uow.run(async (tx) => {
      if (!(await nodes.markUnhealthy(tx, uuid, reason))) return;
      await events.add(tx, {
        clusterUuid,
        projectId,
        nodeUuid: uuid,
        type: 'node.unhealthy',
        level: 'warning',
        message: `node ${name} is to be replaced: ${reason}`,
        data: { node: name, end },
      });
    });
    await heal(clusterUuid, [{ nodeUuid: uuid, message: `node ${name}: ${reason}` }]);
  }
  return found.length;
}
