import type { OperationEntity } from '#libs/db';

/** Nodes that this operation itself has planned and marked: kept in its request. */
export interface OwnNodes {
  readonly added: readonly string[];
  readonly leaving: readonly string[];
}

interface WithOperation {
  readonly operation: Pick<OperationEntity, 'request'>;
}

export function ownNodes({ operation }: WithOperation): OwnNodes {
  return (operation.request['own'] as OwnNodes | undefined) ?? { added: [], leaving: [] };
}

/** Nodes that it has begun to take out of Kubernetes. */
export const drainingOf = ({ operation }: WithOperation): readonly string[] =>
  (operation.request['draining'] as readonly string[] | undefined) ?? [];

/** Nodes that it has marked and not begun to drain, or has taken back: when it ends early they stay. */
export function untouchedNodes(ctx: WithOperation): string[] {
  const draining = new Set(drainingOf(ctx));
  for (const uuid of (ctx.operation.request['returned'] as readonly string[] | undefined) ?? []) draining.delete(uuid);
  return ownNodes(ctx).leaving.filter((uuid) => !draining.has(uuid));
}
