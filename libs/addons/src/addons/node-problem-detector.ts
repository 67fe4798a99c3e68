import { accountWithRole, may, READ } from '../build/rbac.js';
import { ANY_TAINT, daemonSet } from '../build/workloads.js';
import type { AddonDefinition } from '../definition.js';

const NAME = 'node-problem-detector';

/** Facts: kubernetes/node-problem-detector, deployment and config. */
export const nodeProblemDetector: AddonDefinition = {
  name: NAME,
  title: 'Node problem detector',
  description: 'Reads the kernel’s log of each node, and says in the Node’s conditions what is wrong',
  category: 'nodes',
  required: false,
  label: 'npd_enabled',
  enabledByDefault: true,
  tagLabel: 'node_problem_detector_tag',
  render: (_input, images) => [
    ...accountWithRole(NAME, [
      may(READ, '', ['nodes']),
      may(['patch'], '', ['nodes/status']),
      may(['create', 'patch', 'update'], ['', 'events.k8s.io'], ['events']),
    ]),
    daemonSet(
      NAME,
      { app: NAME },
      {
        account: NAME,
        priority: 'system-node-critical',
        tolerations: ANY_TAINT,
        containers: [
          {
            name: NAME,
            image: images('detector'),
            command: ['/node-problem-detector', '--logtostderr', '--config.system-log-monitor=/config/kernel-monitor.json'],
            env: { NODE_NAME: { field: 'spec.nodeName' } },
            requests: { cpu: '10m', memory: '80Mi' },
            limits: { cpu: '200m', memory: '100Mi' },
            security: { privileged: true },
            mounts: [
              { name: 'kmsg', at: '/dev/kmsg', hostPath: '/dev/kmsg', readOnly: true },
              { name: 'log', at: '/var/log', hostPath: '/var/log/', readOnly: true },
              { name: 'localtime', at: '/etc/localtime', hostPath: '/etc/localtime', hostType: 'FileOrCreate', readOnly: true },
            ],
          },
        ],
      },
    ),
  ],
};
