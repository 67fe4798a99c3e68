import { DISTROS } from '#libs/domain';
import type { Driver } from '../types.js';
import { infrastructure } from './infrastructure.js';
import { nodeGroup } from './node-group.js';

/** Kubernetes by kubeadm on virtual machines with cloud-init or Ignition. */
export const k8sKubeadm: Driver = {
  name: 'k8s_kubeadm',
  supports: DISTROS.map(({ name }) => ({ serverType: 'vm', distro: name, coe: 'kubernetes' })),
  infrastructure,
  nodeGroup,
};
