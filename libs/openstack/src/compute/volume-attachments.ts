import { z } from 'zod';
import { gone } from '../collection.js';
import type { ServiceApi } from '../service-api.js';
import { COMPUTE_HEADERS } from './microversion.js';

const attachment = z.looseObject({
  id: z.string().optional(),
  volumeId: z.string(),
  serverId: z.string(),
  device: z.string().nullish(),
});
export type VolumeAttachment = z.infer<typeof attachment>;
const one = z.looseObject({ volumeAttachment: attachment });

/** Volumes of servers, known by the volume's id. */
export class VolumeAttachments {
  constructor(private readonly api: ServiceApi) {}

  async create(serverId: string, body: { volumeId: string; device?: string | undefined }): Promise<VolumeAttachment> {
    const reply = await this.api.call({
      ...common('/servers/{serverId}/os-volume_attachments'),
      method: 'POST',
      params: { serverId },
      body: { volumeAttachment: body },
      reply: one,
    });
    return reply.body.volumeAttachment;
  }

  async get(serverId: string, volumeId: string): Promise<VolumeAttachment> {
    const reply = await this.api.call({
      ...common('/servers/{serverId}/os-volume_attachments/{volumeId}'),
      method: 'GET',
      params: { serverId, volumeId },
      reply: one,
    });
    return reply.body.volumeAttachment;
  }

  async list(serverId: string): Promise<VolumeAttachment[]> {
    const reply = await this.api.call({
      ...common('/servers/{serverId}/os-volume_attachments'),
      method: 'GET',
      params: { serverId },
      reply: z.looseObject({ volumeAttachments: z.array(attachment) }),
    });
    return reply.body.volumeAttachments;
  }

  async delete(serverId: string, volumeId: string): Promise<void> {
    await gone(
      this.api.call({
        ...common('/servers/{serverId}/os-volume_attachments/{volumeId}'),
        method: 'DELETE',
        params: { serverId, volumeId },
      }),
    );
  }
}

function common(template: string): { service: 'compute'; template: string; headers: Readonly<Record<string, string>> } {
  return { service: 'compute', template, headers: COMPUTE_HEADERS };
}
