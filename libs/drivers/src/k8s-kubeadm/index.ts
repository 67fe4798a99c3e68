import type { Driver } from '../types.js';
import { infrastructure } from './infrastructure.js';
import { nodeGroup } from './node-group.js';

/** Kubernetes by kubeadm on virtual machines with cloud-init. */
export const k8sKubeadm: Driver = {
  name: 'k8s_kubeadm',
  supports: [
    { serverType: 'vm', distro: 'ubuntu', coe: 'kubernetes' },
    { serverType: 'vm', distro: 'debian', coe: 'kubernetes' },
  ],
  infrastructure,
  nodeGroup,
};
