import type { IncomingHttpHeaders } from 'node:http';
import type { Cloud } from '../cloud.js';
import { newId, nowSeconds } from '../cloud.js';
import type { Call, Json } from '../server/call.js';
import { notFound } from '../server/api-error.js';
import type { Row, Table } from '../store/table.js';

export interface Image extends Row {
  readonly name: string;
  /** Project. */
  readonly owner: string;
  readonly status: 'queued' | 'active' | 'deactivated';
  readonly visibility: 'public' | 'private' | 'shared' | 'community';
  readonly disk_format: string | null;
  readonly container_format: string | null;
  readonly size: number | null;
  readonly min_disk: number;
  readonly min_ram: number;
  readonly protected: boolean;
  readonly tags: readonly string[];
  readonly created_at: string;
  readonly updated_at: string;
  /** What stands at the top level of the wire's object: os_distro, kube_version, ... */
  readonly properties: Readonly<Record<string, string>>;
}

export interface NewImage {
  readonly name: string;
  readonly owner: string;
  readonly status?: Image['status'];
  readonly visibility?: Image['visibility'];
  readonly properties?: Readonly<Record<string, string>>;
  readonly more?: Partial<Image>;
}

/** Images, as Glance and Nova see them. */
export class Glance {
  readonly images: Table<Image>;

  constructor(readonly cloud: Cloud) {
    this.images = cloud.store.table<Image>('images', ['name', 'owner']);
  }

  create(image: NewImage): Image {
    const now = nowSeconds();
    const isActive = (image.status ?? 'active') === 'active';
    return this.images.insert({
      id: newId(),
      name: image.name,
      owner: image.owner,
      status: image.status ?? 'active',
      visibility: image.visibility ?? 'public',
      disk_format: 'qcow2',
      container_format: 'bare',
      size: isActive ? 512 * 1024 * 1024 : null,
      min_disk: 0,
      min_ram: 0,
      protected: false,
      tags: [],
      created_at: now,
      updated_at: now,
      properties: image.properties ?? {},
      ...image.more,
    });
  }

  isVisible(image: Image, call: Call): boolean {
    return (
      image.visibility === 'public' ||
      image.visibility === 'community' ||
      image.owner === call.auth.projectId ||
      call.auth.isAdmin
    );
  }

  /** @throws ApiError 404 in Glance's words */
  get(call: Call, id: string): Image {
    const image = this.images.get(id);
    if (image === undefined || !this.isVisible(image, call)) throw notFound(`No image found with ID ${id}`);
    return image;
  }
}

/** The wire's object: extra properties stand beside the others. */
export function imageView(image: Image): Json {
  const { properties, ...base } = image;
  const active = image.status !== 'queued';
  return {
    ...properties,
    ...base,
    tags: image.tags,
    checksum: active ? image.id.replaceAll('-', '') : null,
    os_hash_algo: active ? 'sha512' : null,
    os_hash_value: active ? image.id.replaceAll('-', '').repeat(4) : null,
    os_hidden: false,
    virtual_size: null,
    self: `/v2/images/${image.id}`,
    file: `/v2/images/${image.id}/file`,
    schema: '/v2/schemas/image',
  };
}

/** webob's choice for Glance's errors: HTML unless only JSON is wanted. */
export const wantsHtml = (headers: IncomingHttpHeaders): boolean => {
  const accept = headers.accept ?? '*/*';
  return accept.includes('text/html') || accept.includes('*/*');
};
