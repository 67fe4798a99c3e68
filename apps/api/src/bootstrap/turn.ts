import type { MasterTurn } from '#libs/db';

/**
 * Whether a node may begin kubeadm now. The first master at once; further masters one at a time, when the one before
 * has joined, because etcd takes one member at a time; workers when the first master has made the cluster.
 * Source: kubernetes-bootstrap.md sections 5 and 7.
 * @param masters in their order
 */
export function isTurn(masters: readonly MasterTurn[], node: { readonly uuid: string; readonly role: string }): boolean {
  if (node.role !== 'master') return masters[0]?.joined === true;
  const place = masters.findIndex((master) => master.uuid === node.uuid);
  return place >= 0 && masters.slice(0, place).every((master) => master.joined);
}
