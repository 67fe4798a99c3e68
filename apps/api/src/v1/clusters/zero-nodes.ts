import { InvalidInput, Microversion } from '#libs/domain';

const ZERO_NODES_SINCE = Microversion.of('1.10');

/** @throws InvalidInput no nodes were asked for at a version that does not know of it */
export function assertZeroNodesKnown(version: Microversion, nodeCount: number): void {
  if (nodeCount > 0 || version.atLeast(ZERO_NODES_SINCE)) return;
  throw new InvalidInput('zero-nodes', 'Resizing a nodegroup to zero is not supported in the provided microversion.', {
    field: 'node_count',
  });
}
