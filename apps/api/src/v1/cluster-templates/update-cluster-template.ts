import {
  bootVolumeSizeGb,
  Conflict,
  driverFor,
  InvalidInput,
  labelsOf,
  type LabelValue,
  type RequestContext,
} from '#libs/domain';
import type { Settings } from '#libs/config';
import { ClusterTemplatesRepository, UnitOfWork, type ClusterTemplateEntity, type NewClusterTemplate } from '#libs/db';
import { Inject, Injectable } from '@nestjs/common';
import { CloudChecks, inOrder } from '../../cloud/cloud-checks.js';
import { applyPatch, type PatchOperation } from '../../http/json-patch.js';
import { Policy } from '../../policy/policy.js';
import { scopeOf } from '../../policy/scope.js';
import { SETTINGS } from '../../tokens.js';
import { TEMPLATE_FIELDS } from './cluster-template.dto.js';
import { toTemplateView } from './cluster-template.view.js';
import { notPublisher } from './create-cluster-template.js';
import { templateInUse } from './delete-cluster-template.js';
import { checkTemplateChoices } from './template-rules.js';

const RULES = {
  internal: ['created_at', 'updated_at', 'id', 'links', 'uuid', 'project_id', 'user_id'],
  mandatory: [
    'image_id',
    'network_driver',
    'external_network_id',
    'tls_disabled',
    'public',
    'server_type',
    'coe',
    'registry_enabled',
    'cluster_distro',
    'hidden',
  ],
  literals: ['labels'],
};

const MOST_ATTEMPTS = 5;

/** Attributes by their wire names. */
type Attributes = Record<string, unknown>;

/** Patch -> lookup -> choices -> policy -> cloud -> publish -> row. Reference sections 5.1 and 6. */
@Injectable()
export class UpdateClusterTemplate {
  constructor(
    private readonly policy: Policy,
    private readonly checks: CloudChecks,
    private readonly templates: ClusterTemplatesRepository,
    private readonly uow: UnitOfWork,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async run(ctx: RequestContext, ident: string, patch: readonly PatchOperation[]): Promise<ClusterTemplateEntity> {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      const changed = await this.attempt(ctx, ident, patch);
      if (changed) return changed;
    }
    throw new Conflict('cluster-template-changed', `ClusterTemplate ${ident} is being changed by others. Try again.`);
  }

  /** @returns null when the row was changed between the look at it and the lock: the patch belongs to what is there now */
  private async attempt(
    ctx: RequestContext,
    ident: string,
    patch: readonly PatchOperation[],
  ): Promise<ClusterTemplateEntity | null> {
    const row = await this.templates.get(scopeOf(this.policy, ctx, 'clustertemplate:update_all_projects'), ident);
    const before = attributesOf(row);
    const changed = readChanges(applyPatch(before, patch, RULES));
    const after: Attributes = { ...before, ...changed };
    checkTemplateChoices(after);
    this.policy.enforce(ctx, 'clustertemplate:update', row);
    await this.checkCloud(ctx, changed, after);
    const publishes = after['public'] !== before['public'] || after['hidden'] !== before['hidden'];
    if (publishes && !this.policy.allows(ctx, 'clustertemplate:publish')) throw notPublisher();
    return this.uow.run(async (tx) => {
      if ((await this.templates.lock(tx, row.uuid))?.revision !== row.revision) return null;
      if ((await this.templates.isUsed(tx, row.uuid)) && !allowedWhileUsed(before, changed)) throw templateInUse(row.uuid);
      if (Object.keys(changed).length === 0) return row;
      return this.templates.update(tx, row.uuid, toColumns(changed));
    });
  }

  /** Looks up again what was changed. Key pair, driver and distro are not looked up. */
  private async checkCloud(ctx: RequestContext, changed: Attributes, after: Attributes): Promise<void> {
    const nameIf = (field: string): string | null =>
      Object.hasOwn(changed, field) ? ((changed[field] as string | null) ?? null) : null;
    const labels = after['labels'] as Record<string, string>;
    const bootVolumeGb = bootVolumeSizeGb(labels, this.settings.DEFAULT_BOOT_VOLUME_SIZE);
    const imageId = nameIf('image_id');
    await inOrder(
      imageId === null ? Promise.resolve() : this.checkImage(ctx, imageId, changed, after),
      this.checks.externalNetwork(ctx, nameIf('external_network_id')),
      this.checks.fixedNetwork(ctx, nameIf('fixed_network')),
      this.checks.fixedSubnet(ctx, nameIf('fixed_subnet')),
      this.checks.flavor(ctx, 'flavor_id', nameIf('flavor_id'), bootVolumeGb),
      this.checks.flavor(ctx, 'master_flavor_id', nameIf('master_flavor_id'), bootVolumeGb),
    );
  }

  /** Another image may bring another distro. */
  private async checkImage(ctx: RequestContext, imageId: string, changed: Attributes, after: Attributes): Promise<void> {
    const { os_distro: distro } = await this.checks.image(ctx, imageId);
    driverFor({ serverType: String(after['server_type']), distro, coe: String(after['coe']) });
    if (!Object.hasOwn(changed, 'cluster_distro')) changed['cluster_distro'] = distro;
  }
}

function attributesOf(row: ClusterTemplateEntity): Attributes {
  return { ...toTemplateView('', row) };
}

/** Values through the fields of create: numeric texts and the words of booleans are taken. What was removed gets its default. */
function readChanges(touched: ReadonlyMap<string, unknown>): Attributes {
  const changed: Attributes = {};
  for (const [name, value] of touched) {
    if (name === 'cluster_distro') {
      changed[name] = String(value);
      continue;
    }
    const field = TEMPLATE_FIELDS[name as keyof typeof TEMPLATE_FIELDS];
    const result = field.safeParse(value);
    if (!result.success) {
      throw new InvalidInput(
        'invalid-input',
        `Invalid input for field/attribute ${name}. ${result.error.issues[0]?.message ?? ''}`,
        { field: name },
      );
    }
    changed[name] = name === 'labels' ? labelsOf((result.data as Record<string, LabelValue> | null) ?? {}) : result.data;
  }
  return changed;
}

/** Of a template in use exactly one of these may change: name, public to true, hidden, tags to some text. */
function allowedWhileUsed(before: Attributes, changed: Attributes): boolean {
  const names = Object.keys(changed).filter((name) => JSON.stringify(changed[name]) !== JSON.stringify(before[name]));
  const [name] = names;
  if (names.length !== 1 || name === undefined) return false;
  if (name === 'name' || name === 'hidden') return true;
  if (name === 'public') return changed[name] === true;
  return name === 'tags' && changed[name] !== null;
}

/** Wire names become columns' properties: `image_id` -> `imageId`. */
function toColumns(changed: Attributes): Partial<NewClusterTemplate> {
  const camel = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(changed).map(([name, value]) => [camel(name), value]));
}
