import { accountWithRole, may, READ } from '../build/rbac.js';
import { CONTROL_PLANE, CONTROL_PLANE_TAINT, daemonSet, UNINITIALIZED_TAINT } from '../build/workloads.js';
import type { AddonDefinition } from '../definition.js';
import { CLOUD_AUTHORITY_PATH, CLOUD_CONFIG_MOUNT } from './cloud-config-mount.js';

const NAME = 'k8s-keystone-auth';
const PKI = '/etc/kubernetes/pki';

/**
 * Beside each API server, which asks it for tokens that are no Kubernetes tokens; nobody else can reach it. It shows the API
 * server's own certificate. What a Keystone user may is said by RBAC.
 * Facts: kubernetes/cloud-provider-openstack, docs/keystone-auth, 1.36.
 */
export const keystoneAuth: AddonDefinition = {
  name: 'keystone-auth',
  title: 'Keystone authentication webhook',
  description:
    'Users of the cloud log into the cluster with their Keystone tokens; masters made before it was enabled do not ask it',
  category: 'access',
  required: false,
  label: 'keystone_auth_enabled',
  enabledByDefault: true,
  tagLabel: 'k8s_keystone_auth_tag',
  render: (input, images) => [
    ...accountWithRole(NAME, [may(READ, '', ['configmaps'])]),
    daemonSet(
      NAME,
      { 'k8s-app': NAME },
      {
        account: NAME,
        hostNetwork: true,
        priority: 'system-cluster-critical',
        onNodesWith: CONTROL_PLANE,
        // The API server's key is root's.
        security: { runAsUser: 0 },
        tolerations: [...UNINITIALIZED_TAINT, ...CONTROL_PLANE_TAINT],
        containers: [
          {
            name: NAME,
            image: images('webhook'),
            args: [
              `/bin/${NAME}`,
              '--listen=127.0.0.1:8443',
              `--tls-cert-file=${PKI}/apiserver.crt`,
              `--tls-private-key-file=${PKI}/apiserver.key`,
              `--keystone-url=${input.authUrl}`,
              ...(input.ownCloudAuthority ? [`--keystone-ca-file=${CLOUD_AUTHORITY_PATH}`] : []),
            ],
            requests: { cpu: '50m' },
            mounts: [
              { name: 'k8s-certs', at: PKI, hostPath: PKI, hostType: 'Directory', readOnly: true },
              ...(input.ownCloudAuthority ? [{ ...CLOUD_CONFIG_MOUNT, items: ['ca.pem'] }] : []),
            ],
          },
        ],
      },
    ),
  ],
};
