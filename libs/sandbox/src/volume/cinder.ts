import type { Cloud } from '../cloud.js';
import { newId, nowMicros } from '../cloud.js';
import { Quotas } from '../quotas.js';
import { ApiError, badRequest, notFound } from '../server/api-error.js';
import type { Call, Outcome } from '../server/call.js';
import type { Row, Table } from '../store/table.js';

export interface Volume extends Row {
  readonly name: string;
  readonly project_id: string;
  readonly user_id: string;
  readonly size: number;
  readonly status:
    | 'creating'
    | 'available'
    | 'reserved'
    | 'attaching'
    | 'in-use'
    | 'detaching'
    | 'deleting'
    | 'error'
    | 'error_deleting'
    | 'extending';
  readonly description: string | null;
  readonly volume_type: string;
  readonly availability_zone: string;
  readonly bootable: boolean;
  readonly image_id: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface Snapshot extends Row {
  readonly name: string;
  readonly description: string | null;
  readonly project_id: string;
  readonly volume_id: string;
  readonly size: number;
  readonly status: 'creating' | 'available' | 'deleting' | 'error' | 'error_deleting';
  readonly metadata: Readonly<Record<string, string>>;
  readonly created_at: string;
}

/** A volume on its way to, or on, a server. */
export interface Attachment extends Row {
  readonly volume_id: string;
  readonly server_id: string;
  readonly project_id: string;
  readonly device: string;
  readonly status: 'reserved' | 'attaching' | 'attached' | 'detaching';
  readonly delete_on_termination: boolean;
  readonly boot_index: number | null;
  readonly attached_at: string;
}

export interface NewVolume {
  readonly name: string;
  readonly projectId: string;
  readonly userId: string;
  readonly sizeGib: number;
  readonly description?: string | null;
  readonly type?: string | undefined;
  readonly zone?: string | undefined;
  readonly imageId?: string | null;
  readonly metadata?: Readonly<Record<string, string>>;
}

export const volumeTypes = [
  { id: '6f1d9b3c-53a4-4a0e-9f0d-6a3a6f7f0a01', name: '__DEFAULT__', is_public: true, description: 'Default Volume Type' },
  { id: '6f1d9b3c-53a4-4a0e-9f0d-6a3a6f7f0a02', name: 'ssd', is_public: true, description: '' },
] as const;

const quotaDefaults = {
  volumes: 10_000,
  gigabytes: 1_000_000,
  snapshots: 10,
  backups: 10,
  backup_gigabytes: 1000,
  per_volume_gigabytes: -1,
  groups: 10,
};

/** The rules of Cinder that more than one route, and Nova, need. */
export class Cinder {
  readonly volumes: Table<Volume>;
  readonly attachments: Table<Attachment>;
  readonly snapshots: Table<Snapshot>;
  readonly quotas: Quotas;

  constructor(readonly cloud: Cloud) {
    this.volumes = cloud.store.table<Volume>('volumes', ['project_id', 'name']);
    this.attachments = cloud.store.table<Attachment>('volume_attachments', ['volume_id', 'server_id', 'project_id']);
    this.snapshots = cloud.store.table<Snapshot>('volume_snapshots', ['project_id', 'volume_id']);
    this.quotas = new Quotas(cloud.store, 'volume', quotaDefaults);
    const { transitions } = cloud;
    transitions.on('volume.available', (id) => this.finish(id, 'available'));
    transitions.on('volume.error', (id) => this.finish(id, 'error'));
    transitions.on('volume.error_deleting', (id) => this.finish(id, 'error_deleting'));
    transitions.on('volume.gone', (id) => {
      this.volumes.remove(id);
      cloud.timings.finish(id);
    });
    transitions.on('snapshot.available', (id) => this.setSnapshot(id, 'available'));
    transitions.on('snapshot.error', (id) => this.setSnapshot(id, 'error_deleting'));
    transitions.on('snapshot.gone', (id) => {
      this.snapshots.remove(id);
    });
    transitions.on('attachment.attached', (id) => this.attached(id));
    transitions.on('attachment.gone', (id) => this.detached(id));
  }

  /** @throws ApiError 404 in Cinder's words */
  get(call: Call, id: string): Volume {
    const volume = this.volumes.get(id);
    if (volume === undefined || (!call.auth.isAdmin && volume.project_id !== call.auth.projectId))
      throw notFound(`Volume ${id} could not be found.`);
    return volume;
  }

  /** @throws ApiError 404 unknown type, 413 quota */
  create(wanted: NewVolume, outcome?: Outcome): Volume {
    const type =
      wanted.type === undefined
        ? '__DEFAULT__'
        : volumeTypes.find((known) => known.id === wanted.type || known.name === wanted.type)?.name;
    if (type === undefined) throw notFound(`Volume type ${wanted.type} could not be found.`);
    this.checkQuota(wanted.projectId, wanted.sizeGib);
    const now = nowMicros();
    const volume = this.volumes.insert({
      id: newId(),
      name: wanted.name,
      project_id: wanted.projectId,
      user_id: wanted.userId,
      size: wanted.sizeGib,
      status: 'creating',
      description: wanted.description ?? null,
      volume_type: type,
      availability_zone: wanted.zone ?? 'nova',
      bootable: (wanted.imageId ?? null) !== null,
      image_id: wanted.imageId ?? null,
      metadata: wanted.metadata ?? {},
      created_at: now,
      updated_at: now,
    });
    this.cloud.timings.start('volume', 'create', volume.id, volume.name);
    if (outcome?.outcome !== 'stuck')
      this.cloud.later(outcome === undefined ? 'volume.available' : 'volume.error', volume.id, 'volumeCreateMs');
    return volume;
  }

  /** Begins to delete. @throws ApiError 400 while it is used */
  delete(volume: Volume, outcome?: Outcome): void {
    const free = ['available', 'error', 'error_deleting'].includes(volume.status);
    if (!free || this.snapshots.count('volume_id', volume.id) > 0) {
      throw badRequest(
        'Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.',
      );
    }
    this.set(volume.id, 'deleting');
    this.cloud.timings.start('volume', 'delete', volume.id, volume.name);
    if (outcome?.outcome !== 'stuck')
      this.cloud.later(outcome === undefined ? 'volume.gone' : 'volume.error_deleting', volume.id, 'volumeDeleteMs');
  }

  /** Begins to attach. @throws ApiError 400 unless available */
  attach(
    volume: Volume,
    serverId: string,
    options: { device?: string | undefined; deleteOnTermination?: boolean; bootIndex?: number | null } = {},
  ): Attachment {
    if (volume.status !== 'available')
      throw badRequest(`Invalid volume: volume '${volume.id}' status must be 'available'. Currently in '${volume.status}'`);
    const letter = String.fromCharCode('b'.charCodeAt(0) + (this.attachments.count('server_id', serverId) % 24));
    const attachment = this.attachments.insert({
      id: newId(),
      volume_id: volume.id,
      server_id: serverId,
      project_id: volume.project_id,
      device: options.device ?? (options.bootIndex === 0 ? '/dev/vda' : `/dev/vd${letter}`),
      status: 'attaching',
      delete_on_termination: options.deleteOnTermination ?? false,
      boot_index: options.bootIndex ?? null,
      attached_at: nowMicros(),
    });
    this.set(volume.id, 'attaching');
    this.cloud.later('attachment.attached', attachment.id, 'volumeAttachMs');
    return attachment;
  }

  /** Begins to detach. */
  detach(attachment: Attachment): void {
    if (attachment.status === 'detaching') return;
    this.cloud.transitions.cancel(attachment.id);
    this.attachments.patch(attachment.id, { status: 'detaching' });
    this.set(attachment.volume_id, 'detaching');
    this.cloud.later('attachment.gone', attachment.id, 'volumeAttachMs');
  }

  /** The server has gone: its volumes are free at once, or deleted where that was asked for. */
  release(serverId: string): void {
    for (const attachment of this.attachments.by('server_id', serverId)) {
      this.cloud.transitions.cancel(attachment.id);
      this.detached(attachment.id);
    }
  }

  set(id: string, status: Volume['status']): void {
    if (this.volumes.get(id) !== undefined) this.volumes.patch(id, { status, updated_at: nowMicros() });
  }

  private setSnapshot(id: string, status: Snapshot['status']): void {
    if (this.snapshots.get(id) !== undefined) this.snapshots.patch(id, { status });
  }

  private finish(id: string, status: Volume['status']): void {
    this.set(id, status);
    this.cloud.timings.finish(id);
  }

  private attached(id: string): void {
    const attachment = this.attachments.get(id);
    if (attachment === undefined) return;
    this.attachments.patch(id, { status: 'attached', attached_at: nowMicros() });
    this.set(attachment.volume_id, 'in-use');
  }

  private detached(id: string): void {
    const attachment = this.attachments.get(id);
    if (attachment === undefined) return;
    this.attachments.remove(id);
    this.set(attachment.volume_id, 'available');
    const volume = this.volumes.get(attachment.volume_id);
    if (attachment.delete_on_termination && volume !== undefined) this.delete(volume);
  }

  private checkQuota(projectId: string, sizeGib: number): void {
    const owned = this.volumes.by('project_id', projectId);
    if (this.quotas.exceeded(projectId, 'volumes', owned.length)) {
      throw new ApiError(
        413,
        `VolumeLimitExceeded: Maximum number of volumes allowed (${this.quotas.of(projectId)['volumes']}) exceeded for quota 'volumes'.`,
        undefined,
        { 'retry-after': '0' },
      );
    }
    const used = owned.reduce((sum, volume) => sum + volume.size, 0);
    if (this.quotas.exceeded(projectId, 'gigabytes', used, sizeGib)) {
      throw new ApiError(
        413,
        `VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested ${sizeGib}G, quota is ${this.quotas.of(projectId)['gigabytes']}G and ${used}G has been consumed.`,
        undefined,
        { 'retry-after': '0' },
      );
    }
  }
}
