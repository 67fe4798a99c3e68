import {
  AddonCatalogue,
  addonNamed,
  isAddonName,
  minorOf,
  planAddons,
  unusedTags,
  versionAfterUpgrade,
  keyOf,
  type RenderedAddon,
} from '#libs/addons';
import type { Settings } from '#libs/config';
import { ClusterAddonsRepository, ClusterWorkRepository, EventsRepository, type ClusterAddonEntity, type Tx } from '#libs/db';
import { checkLabels, OperationFailure } from '#libs/domain';
import { Inject, Injectable } from '@nestjs/common';
import { ClusterKube } from '../kubernetes/cluster-kube.js';
import type { OperationContext } from '../operations/operation.js';
import { SERVICE } from '../operations/service-scope.js';
import { SETTINGS } from '../tokens.js';
import { applyAddon, persist, unionOf, type AddonClient, type AddonTask } from './apply-addon.js';
import { CloudConfig } from './cloud-config.js';
import { Lanes } from './lanes.js';
import { addonInput, kubernetesVersionOf, planInput, type ClusterFacts } from './cluster-facts.js';

/** An add-on that is refused for the moment is tried again for so long, unless the cluster cannot do without it. */
const PATIENCE_MS = 20_000;
const CERTIFICATE_MINUTES = 30;
/** Calls of one cluster at a time, as many as its client has connections: a call’s clock runs while it waits for one. */
const AT_ONCE = 3;

/** What of the rows is brought about. */
export interface BringOptions {
  /** What is installed as it is wanted is applied again: what others have changed in it goes back. */
  readonly again?: boolean;
  /** These must be there in the end as well as those that the cluster needs. */
  readonly needed?: readonly string[];
}

interface Task extends AddonTask {
  readonly row: ClusterAddonEntity;
  readonly required: boolean;
  /** Why nothing can be applied. */
  readonly impossible?: string;
}

interface Outcome {
  readonly task: Task;
  readonly error: Error | null;
}

/** Brings a cluster's add-ons to what their rows say. */
@Injectable()
export class ClusterAddons {
  constructor(
    private readonly addons: ClusterAddonsRepository,
    private readonly clusters: ClusterWorkRepository,
    private readonly events: EventsRepository,
    private readonly catalogue: AddonCatalogue,
    private readonly cloudConfig: CloudConfig,
    private readonly kube: ClusterKube,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Rows for a new cluster, and a word about labels without effect. In the transaction that plans its nodes. */
  async plan(tx: Tx, ctx: OperationContext, facts: ClusterFacts): Promise<void> {
    const version = kubernetesVersionOf(facts);
    if (version === null || (await this.addons.all(tx, facts.cluster.uuid)).length > 0) return;
    const input = planInput(facts, version);
    await this.addons.insertMissing(tx, facts.cluster, planAddons(input, this.catalogue));
    const { ignored, unknown } = checkLabels(facts.cluster.labels);
    const without = [...ignored, ...unusedTags(input, this.catalogue)];
    if (without.length + unknown.length === 0) return;
    await this.tell(tx, ctx, {
      type: 'cluster.labels',
      level: 'warning',
      message: [
        ...(without.length > 0 ? [`labels without effect: ${without.join(', ')}`] : []),
        ...(unknown.length > 0 ? [`labels that nobody knows: ${unknown.join(', ')}`] : []),
      ].join('; '),
      data: { ignored: without, unknown },
    });
  }

  /** The rows follow the cluster to another version of Kubernetes. */
  async follow(ctx: OperationContext, kubernetesVersion: string): Promise<void> {
    await ctx.write(async (tx) => {
      for (const row of await this.addons.all(tx, ctx.cluster.uuid)) {
        const { name, pinned } = row;
        if (!isAddonName(name)) continue;
        const version = versionAfterUpgrade({ name, version: row.version, pinned }, kubernetesVersion, this.catalogue);
        if (version !== row.version) await this.addons.want(tx, row.clusterUuid, name, { version, pinned: false });
      }
    });
  }

  /**
   * Applies what is wanted and is not there, and removes what is not wanted any more; all add-ons at once.
   * @throws OperationFailure one that the cluster needs could not be applied; the others are told in their rows and as events
   */
  async bring(ctx: OperationContext, options: BringOptions = {}): Promise<void> {
    const { cluster } = ctx;
    const [rows, groups, template] = await Promise.all([
      this.addons.ofCluster(SERVICE, cluster.uuid),
      this.clusters.groups(SERVICE, cluster.uuid),
      this.clusters.template(cluster),
    ]);
    const tasks = this.tasks({ cluster, groups, template }, rows, options);
    if (tasks.length === 0) return;
    ctx.awaiting(`the cluster's API at ${cluster.apiAddress} to take ${tasks.map(({ name }) => name).join(', ')}`);
    const kube = await this.kube.connect(cluster, CERTIFICATE_MINUTES);
    const client = inLanes(kube, new Lanes(AT_ONCE));
    try {
      await this.begin(ctx, tasks);
      // Pods that find no cloud-config wait for it, so it is there first.
      if (tasks.some(({ name, wanted }) => wanted !== null && NEEDS_CLOUD.includes(name))) {
        await persist(() => this.cloudConfig.write(cluster, client, ctx.signal), ctx.signal, ctx.signal);
      }
      const outcomes = await Promise.all(tasks.map((task) => this.runOne(ctx, client, task)));
      await this.end(ctx, outcomes);
      throwNeeded(outcomes, options.needed ?? []);
    } finally {
      await kube.close();
    }
  }

  private tasks(facts: ClusterFacts, rows: readonly ClusterAddonEntity[], { again = false }: BringOptions): Task[] {
    const version = kubernetesVersionOf(facts);
    if (version === null) return [];
    const cloud = { authUrl: this.settings.KEYSTONE_AUTH_URL, ownCloudAuthority: this.settings.KEYSTONE_CA_FILE !== undefined };
    const input = addonInput(facts, cloud, version);
    return rows.flatMap((row): Task[] => {
      const { name, inventory } = row;
      if (!isAddonName(name)) return [];
      const { required } = addonNamed(name);
      if (!row.enabled) {
        return row.status === 'disabled' && inventory.length === 0 ? [] : [{ row, name, required, inventory, wanted: null }];
      }
      const wanted = row.version === null ? null : this.catalogue.render(name, row.version, input);
      if (!wanted) {
        const impossible = `the catalogue has no ${row.version ?? 'version'} of it for Kubernetes ${minorOf(version)}`;
        return [{ row, name, required, inventory, wanted: null, impossible }];
      }
      return isThere(row, wanted) && !again ? [] : [{ row, name, required, inventory, wanted }];
    });
  }

  /** Before anything is applied its names are rows: whoever goes on after a crash leaves nothing behind. */
  private async begin(ctx: OperationContext, tasks: readonly Task[]): Promise<void> {
    await ctx.write(async (tx) => {
      for (const task of tasks.filter(({ impossible }) => impossible === undefined)) {
        await this.addons.progress(tx, ctx.cluster.uuid, task.name, { status: 'applying', inventory: unionOf(task) });
      }
    });
  }

  private async runOne(ctx: OperationContext, client: AddonClient, task: Task): Promise<Outcome> {
    if (task.impossible !== undefined) return { task, error: new Error(task.impossible) };
    const patience = task.required ? ctx.signal : AbortSignal.timeout(PATIENCE_MS);
    try {
      await applyAddon(client, task, ctx.signal, patience);
      return { task, error: null };
    } catch (error) {
      ctx.signal.throwIfAborted();
      ctx.log.warn({ addon: task.name, error: String(error) }, 'an add-on could not be applied');
      return { task, error: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  private async end(ctx: OperationContext, outcomes: readonly Outcome[]): Promise<void> {
    await ctx.write(async (tx) => {
      for (const { task, error } of outcomes) {
        const { name, wanted } = task;
        if (error) {
          await this.addons.progress(tx, ctx.cluster.uuid, name, { status: 'failed', statusReason: error.message });
          await this.tell(tx, ctx, {
            type: 'addon.failed',
            level: 'warning',
            message: `${titleOf(task)}: ${error.message}`,
            data: { addon: name, version: wanted?.version ?? null },
          });
          continue;
        }
        await this.addons.progress(tx, ctx.cluster.uuid, name, {
          status: wanted ? 'installed' : 'disabled',
          installedVersion: wanted?.version ?? null,
          checksum: wanted?.sha256 ?? null,
          inventory: wanted?.objects.map(keyOf) ?? [],
        });
      }
      const done = outcomes.filter(({ error }) => error === null).map(({ task }) => titleOf(task));
      if (done.length === 0) return;
      await this.tell(tx, ctx, { type: 'addon.applied', message: `add-ons: ${done.join(', ')}`, data: { addons: done } });
    });
  }

  private async tell(
    tx: Tx,
    { cluster, operation }: OperationContext,
    event: { type: string; level?: 'warning'; message: string; data: Record<string, unknown> },
  ): Promise<void> {
    await this.events.add(tx, {
      clusterUuid: cluster.uuid,
      projectId: cluster.projectId,
      operationUuid: operation.uuid,
      ...event,
    });
  }
}

function titleOf({ name, wanted, impossible }: Task): string {
  if (wanted) return `${name} ${wanted.version}`;
  return impossible === undefined ? `${name} (removed)` : name;
}

const inLanes = (client: AddonClient, lanes: Lanes): AddonClient => ({
  apply: (...given) => lanes.run(() => client.apply(...given)),
  removeObject: (...given) => lanes.run(() => client.removeObject(...given)),
});

const isThere = ({ status, installedVersion, checksum }: ClusterAddonEntity, wanted: RenderedAddon): boolean =>
  status === 'installed' && installedVersion === wanted.version && checksum === wanted.sha256;

const NEEDS_CLOUD = ['openstack-cloud-controller-manager', 'cinder-csi', 'cluster-autoscaler', 'keystone-auth'];

/** @throws OperationFailure of the first that must be there and is not */
function throwNeeded(outcomes: readonly Outcome[], needed: readonly string[]): void {
  const failed = outcomes.filter(({ task, error }) => error !== null && (task.required || needed.includes(task.name)));
  if (failed.length === 0) return;
  const words = failed.map(({ task, error }) => `${titleOf(task)}: ${error?.message}`).join('; ');
  const code = failed.some(({ task }) => task.impossible !== undefined) ? 'addon-version-missing' : 'addon-failed';
  throw new OperationFailure(code, `addons: ${words}`, { step: 'addons', object: `add-on ${failed[0]?.task.name}` });
}
