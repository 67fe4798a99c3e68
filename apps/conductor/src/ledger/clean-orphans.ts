import { clusterLease, EventsRepository, LedgerRepository, UnitOfWork, type LedgerFindingEntity, type NewEvent } from '#libs/db';
import { Superseded } from '#libs/domain';
import { absent, isConflict, OpenStackError, type CloudSession } from '#libs/openstack';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { ClusterIdentity } from '../cloud/cluster-identity.js';
import { LeaseKeeper, type HeldLease } from '../leases/lease-keeper.js';
import { LOGGER } from '../tokens.js';
import { keyedBy, metadataKey, textKey, trusteeOf, type Key } from './keys.js';
import { shortOf } from './compare.js';
import { REMOVERS, type Remover } from './removers.js';

/** What became of one finding. */
export interface Cleaned {
  readonly finding: LedgerFindingEntity;
  readonly outcome: 'removed' | 'adopted' | 'gone' | 'kept';
  /** Why it was kept. */
  readonly why?: string;
}

/** What stands on other things goes before them. */
const ORDER = [
  'OS::Nova::Server',
  'OS::Octavia::LoadBalancer',
  'OS::Neutron::FloatingIP',
  'OS::Neutron::Port',
  'OS::Cinder::Volume',
  'OS::Neutron::Router',
  'OS::Neutron::Subnet',
  'OS::Neutron::Net',
  'OS::Neutron::SecurityGroup',
  'OS::Nova::ServerGroup',
  'trust',
  'user',
];

/**
 * Removes what nothing wants, and gives rows the objects that they have lost. Each under the lease of its cluster, whether the
 * cluster is still there or not, so that no operation begins meanwhile; looked at once more right before: the object still
 * has the exact key, and nothing in the ledger wants it.
 */
@Injectable()
export class CleanOrphans {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly ledger: LedgerRepository,
    private readonly events: EventsRepository,
    private readonly identity: ClusterIdentity,
    private readonly keeper: LeaseKeeper,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** @param olderThanMs only what was found so long ago, and again since */
  async run(findings: readonly LedgerFindingEntity[], olderThanMs: number, signal: AbortSignal): Promise<Cleaned[]> {
    const certain = findings
      .filter(({ class: kind }) => kind === 'orphan' || kind === 'duplicate' || kind === 'adoptable')
      .toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
    const done: Cleaned[] = [];
    for (const uuid of new Set(certain.map((one) => one.clusterUuid))) {
      signal.throwIfAborted();
      const own = certain.filter((one) => one.clusterUuid === uuid);
      const held = await this.keeper.acquire(clusterLease(uuid));
      if (!held) {
        done.push(...own.map((finding) => kept(finding, 'an operation of its cluster runs')));
        continue;
      }
      try {
        for (const finding of own) done.push(await this.one(finding, olderThanMs, held));
      } catch (error) {
        if (!(error instanceof Superseded)) throw error;
        this.log.warn({ clusterUuid: uuid }, 'stopping to clean: somebody else has the lease');
      } finally {
        await held.release().catch((error: unknown) => {
          this.log.warn({ clusterUuid: uuid, error: String(error) }, 'releasing the lease failed: it will expire');
        });
      }
    }
    return done;
  }

  private async one(finding: LedgerFindingEntity, olderThanMs: number, held: HeldLease): Promise<Cleaned> {
    const age = (await this.ledger.now()).getTime() - finding.firstSeenAt.getTime();
    if (finding.class === 'adoptable') return this.adopt(finding, held);
    if (age < olderThanMs) return kept(finding, 'it was found only a while ago');
    const remover = REMOVERS[finding.kind];
    if (!remover) return kept(finding, 'this kind is not removed by itself');
    const cloud = this.identity.service();
    try {
      const object = await absent(remover.look(cloud, finding.objectId));
      if (object === null) return await this.close(finding, 'gone', held);
      if (!hasKey(object, finding)) return kept(finding, 'it has not our key any more');
      const obstacle = await remover.obstacle?.(cloud, object);
      if (obstacle) return kept(finding, obstacle);
      return await this.remove(finding, remover, cloud, held);
    } catch (error) {
      if (!(error instanceof OpenStackError)) throw error;
      return kept(finding, isConflict(error) ? `it is in use: ${error.message}` : error.message);
    }
  }

  private async remove(finding: LedgerFindingEntity, remover: Remover, cloud: CloudSession, held: HeldLease): Promise<Cleaned> {
    // The last look at the ledger, and the proof that nobody else holds the lease.
    const unwanted = await this.uow.fenced(held.lease, (tx) => this.ledger.isUnwanted(tx, finding));
    if (!unwanted || held.signal.aborted) return kept(finding, 'something in the ledger wants it now');
    const { kind, objectId, clusterUuid, name } = finding;
    this.log.info({ clusterUuid, kind, objectId, name }, 'removing an orphan');
    const session = kind === 'user' ? this.identity.trusteeAdmin() : cloud;
    await remover.remove(session, objectId);
    return this.close(finding, 'removed', held);
  }

  private async adopt(finding: LedgerFindingEntity, held: HeldLease): Promise<Cleaned> {
    const adopted = await this.uow.fenced(held.lease, (tx) => this.ledger.adopt(tx, finding));
    return adopted ? this.close(finding, 'adopted', held) : kept(finding, 'its row is no longer as it was found');
  }

  private async close(finding: LedgerFindingEntity, outcome: 'removed' | 'adopted' | 'gone', held: HeldLease): Promise<Cleaned> {
    const { clusterUuid, projectId, kind, name, objectId } = finding;
    const event: NewEvent = {
      clusterUuid,
      projectId,
      type: outcome === 'gone' ? 'orphan.cleared' : `orphan.${outcome}`,
      message: `${kind} ${name} ${outcome === 'gone' ? 'has gone by itself' : `is ${outcome}`}`,
      data: { class: finding.class, resourceType: kind, physicalId: objectId, physicalName: name },
    };
    await this.uow.fenced(held.lease, async (tx) => {
      await this.ledger.remove(tx, [finding.id]);
      await this.events.add(tx, event);
    });
    return { finding, outcome };
  }
}

const kept = (finding: LedgerFindingEntity, why: string): Cleaned => ({ finding, outcome: 'kept', why });

/** Whether the object, as it is now, still says by its exact key that it is the one that was found. */
export function hasKey(
  object: object,
  finding: Pick<LedgerFindingEntity, 'kind' | 'clusterUuid' | 'resourceUuid' | 'name' | 'projectId'>,
): boolean {
  const { kind, clusterUuid, resourceUuid } = finding;
  const {
    name = '',
    description,
    metadata,
    project_id: projectId,
  } = object as Partial<{
    name: string;
    description: string | null;
    metadata: Record<string, string>;
    project_id: string | null;
  }>;
  const same = (key: Key | null): boolean => key?.clusterUuid === clusterUuid && key.resourceUuid === resourceUuid;
  if (kind === 'user') return trusteeOf({ name, description }) === clusterUuid;
  // A trust has nothing written on it: its trustee, whom the look has found to be ours, tells it.
  if (kind === 'trust') return true;
  if (kind === 'OS::Nova::ServerGroup')
    return name === finding.name && keyedBy(name) === shortOf(clusterUuid) && projectId === finding.projectId;
  return resourceUuid !== null && (metadata ? same(metadataKey(metadata)) : same(textKey(description)));
}
