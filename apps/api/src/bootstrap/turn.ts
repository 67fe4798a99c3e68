import type { MasterTurn } from '#libs/db';

interface Asking {
  readonly uuid: string;
  readonly role: string;
}

/**
 * Whether a node may begin kubeadm now. The first master at once; further masters one at a time, when the one before
 * has joined, because etcd takes one member at a time; workers when there is a control plane. Masters that leave or have
 * given up hold up nobody. Source: kubernetes-bootstrap.md sections 5 and 7.
 * @param masters in their order
 */
export function isTurn(masters: readonly MasterTurn[], node: Asking): boolean {
  const made = masters.some((master) => master.joined);
  if (node.role !== 'master') return made;
  if (!made) return isFirstMaster(masters, node);
  const own = masters.find((master) => master.uuid === node.uuid);
  if (!own || own.leaving) return false;
  const next = masters.find((master) => !master.joined && !master.leaving && (!master.failed || master === own));
  return own.joined || next === own;
}

/** Whether a master is the one that makes the control plane: nobody has, and nobody who stays comes before it. */
export function isFirstMaster(masters: readonly MasterTurn[], node: { readonly uuid: string }): boolean {
  return !masters.some((master) => master.joined) && masters.find((master) => !master.leaving)?.uuid === node.uuid;
}
