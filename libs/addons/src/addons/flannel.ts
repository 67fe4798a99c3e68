import { configMap, namespace } from '../build/objects.js';
import { accountWithRole, may } from '../build/rbac.js';
import { daemonSet, httpProbe, type Mount } from '../build/workloads.js';
import type { AddonDefinition } from '../definition.js';

const SPACE = 'kube-flannel';
const CONFIG = 'kube-flannel-cfg';
const CONFIG_MOUNT: Mount = { name: 'flannel-cfg', at: '/etc/kube-flannel/', configMap: CONFIG };

/** Facts: flannel-io/flannel, Documentation/kube-flannel.yml and configuration.md, 0.28. */
export const flannel: AddonDefinition = {
  name: 'flannel',
  title: 'Flannel',
  description: 'Pod network of VXLAN tunnels; knows no NetworkPolicy',
  category: 'network',
  required: true,
  label: 'cni_enabled',
  enabledByDefault: 'by-driver',
  tagLabel: 'flannel_tag',
  render: (input, images) => [
    namespace(SPACE, { 'pod-security.kubernetes.io/enforce': 'privileged' }),
    ...accountWithRole(
      'flannel',
      [may(['get'], '', ['pods']), may(['get', 'list', 'watch'], '', ['nodes']), may(['patch'], '', ['nodes/status'])],
      SPACE,
    ),
    configMap(
      CONFIG,
      {
        'cni-conf.json': JSON.stringify({
          name: 'cbr0',
          cniVersion: '0.3.1',
          plugins: [
            { type: 'flannel', delegate: { hairpinMode: true, isDefaultGateway: true } },
            { type: 'portmap', capabilities: { portMappings: true } },
          ],
        }),
        'net-conf.json': JSON.stringify({ Network: input.podCidr, EnableNFTables: true, Backend: { Type: 'vxlan' } }),
      },
      SPACE,
    ),
    daemonSet(
      'kube-flannel-ds',
      { app: 'flannel', tier: 'node' },
      {
        account: 'flannel',
        hostNetwork: true,
        priority: 'system-node-critical',
        tolerations: [{ operator: 'Exists', effect: 'NoSchedule' }],
        init: [
          {
            name: 'install-cni-plugin',
            image: images('cni-plugin'),
            command: ['cp'],
            args: ['-f', '/flannel', '/opt/cni/bin/flannel'],
            mounts: [{ name: 'cni-plugin', at: '/opt/cni/bin', hostPath: '/opt/cni/bin' }],
          },
          {
            name: 'install-cni',
            image: images('flannel'),
            command: ['cp'],
            args: ['-f', '/etc/kube-flannel/cni-conf.json', '/etc/cni/net.d/10-flannel.conflist'],
            mounts: [{ name: 'cni', at: '/etc/cni/net.d', hostPath: '/etc/cni/net.d' }, CONFIG_MOUNT],
          },
        ],
        containers: [
          {
            name: 'kube-flannel',
            image: images('flannel'),
            command: ['/opt/bin/flanneld'],
            args: ['--ip-masq', '--kube-subnet-mgr', '--healthz-port=8081'],
            env: {
              POD_NAME: { field: 'metadata.name' },
              POD_NAMESPACE: { field: 'metadata.namespace' },
              EVENT_QUEUE_DEPTH: '5000',
            },
            ports: [{ name: 'healthz', port: 8081 }],
            requests: { cpu: '100m', memory: '50Mi' },
            liveness: httpProbe('/healthz', 'healthz', { initialDelaySeconds: 10, periodSeconds: 30 }),
            security: { privileged: false, capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
            mounts: [
              { name: 'run', at: '/run/flannel', hostPath: '/run/flannel' },
              CONFIG_MOUNT,
              { name: 'xtables-lock', at: '/run/xtables.lock', hostPath: '/run/xtables.lock', hostType: 'FileOrCreate' },
            ],
          },
        ],
      },
      SPACE,
    ),
  ],
};
