import type { Taggable } from '#libs/openstack';
import type { ResourceContext } from '../../resource.js';
import { cloudOf } from '../answers.js';

/** Neutron takes tags by a call of their own; none is made when they are right, or when the template says nothing of them. */
export async function convergeTags(
  ctx: ResourceContext,
  kind: Taggable,
  object: { readonly id: string; readonly tags: readonly string[] },
  wanted: readonly string[] | undefined,
): Promise<void> {
  if (wanted === undefined || same(object.tags, wanted)) return;
  await cloudOf(ctx).network.replaceTags(kind, object.id, wanted);
}

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === new Set(b).size && b.every((tag) => a.includes(tag));
