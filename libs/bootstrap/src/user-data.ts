import { distroOf, InvalidInput } from '#libs/domain';
import { JSON_BY_JQ, JSON_BY_PYTHON, NODE_AGENT } from './assets.js';
import { renderCloudConfig } from './cloud-config.js';
import type { FirstBoot } from './first-boot.js';
import { checked } from './grammar.js';
import { renderIgnition } from './ignition.js';
import type { UserDataInput } from './types.js';

/** Ours: far below Nova's 65535 bytes of base64, so that a site's own vendor data has room. */
export const USER_DATA_LIMIT_BYTES = 16384;

/** What differs between the systems: where programs may lie, and who reads JSON there. */
const HOSTS = {
  'cloud-config': { agent: '/usr/local/sbin/jeroboam-node', json: JSON_BY_PYTHON },
  // /usr is read-only there, and no Python is on board.
  ignition: { agent: '/opt/jeroboam/jeroboam-node', json: JSON_BY_JQ },
} as const;

/** Nodes are replaced, never changed: what updates and restarts a machine by itself stays away. */
const MASKED: Readonly<Record<string, readonly string[]>> = {
  flatcar: ['locksmithd.service', 'update-engine.service'],
  'fedora-coreos': ['zincati.service'],
};

/**
 * A node's user data, in the form that its image reads: cloud-config or Ignition. It writes the agent and what that needs to
 * fetch the node's bundle, and starts it. Holds no key and no credential but the one-time nonce. Under 16 KiB.
 * @throws InvalidInput 'invalid-value' naming the field; 'user-data-too-large'
 */
export function renderUserData(input: UserDataInput): string {
  const distro = distroOf(input.distro);
  const boot = firstBoot(input, HOSTS[distro.userData], MASKED[distro.name] ?? []);
  const text = distro.userData === 'ignition' ? renderIgnition(boot) : renderCloudConfig(boot);
  const bytes = Buffer.byteLength(text);
  if (bytes >= USER_DATA_LIMIT_BYTES) {
    throw new InvalidInput('user-data-too-large', `User data is ${bytes} bytes, at most ${USER_DATA_LIMIT_BYTES} are sent.`, {
      field: 'bootstrap authority',
    });
  }
  return text;
}

function firstBoot(input: UserDataInput, host: { agent: string; json: string }, masked: readonly string[]): FirstBoot {
  const node = {
    version: 1,
    node_id: checked('uuid', 'node id', input.nodeId),
    cluster_id: checked('uuid', 'cluster id', input.clusterId),
    name: checked('nodeName', 'node name', input.name),
    role: input.role,
    endpoint: checked('endpoint', 'bootstrap endpoint', input.endpoint),
    nonce: checked('nonce', 'nonce', input.nonce),
  };
  return {
    files: [
      { path: '/etc/jeroboam/node.json', mode: '0600', content: `${JSON.stringify(node)}\n` },
      { path: '/etc/jeroboam/ca.pem', mode: '0644', content: checked('certificate', 'bootstrap authority', input.caPem) },
      { path: '/etc/jeroboam/json.sh', mode: '0644', content: host.json },
      { path: host.agent, mode: '0755', content: NODE_AGENT },
    ],
    unit: { name: 'jeroboam-node.service', content: unitOf(host.agent) },
    masked,
  };
}

/** The shell is named: a security module may let systemd run it, and not a file that was written just now. */
const unitOf = (agent: string): string => `[Unit]
Description=Brings this machine into its Kubernetes cluster
Wants=network-online.target
After=network-online.target
ConditionPathExists=!/var/lib/jeroboam/complete

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=infinity
ExecStart=/bin/bash ${agent}

[Install]
WantedBy=multi-user.target
`;
