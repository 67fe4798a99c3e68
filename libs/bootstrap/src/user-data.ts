import { InvalidInput } from '#libs/domain';
import { stringify } from 'yaml';
import { NODE_AGENT } from './assets.js';
import { checked } from './grammar.js';
import type { UserDataInput } from './types.js';

/** Ours: far below Nova's 65535 bytes of base64, so that a site's own vendor data has room. */
export const USER_DATA_LIMIT_BYTES = 16384;

const UNIT = `[Unit]
Description=Brings this machine into its Kubernetes cluster
Wants=network-online.target
After=network-online.target
ConditionPathExists=!/var/lib/jeroboam/complete

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=infinity
ExecStart=/usr/local/sbin/jeroboam-node

[Install]
WantedBy=multi-user.target
`;

/**
 * A node's user data: a cloud-config that writes the agent and what it needs to fetch its bundle, and starts it. Holds no
 * key and no credential but the one-time nonce. Under 16 KiB.
 * @throws InvalidInput 'invalid-value' naming the field; 'user-data-too-large'
 */
export function renderUserData(input: UserDataInput): string {
  const node = {
    version: 1,
    node_id: checked('uuid', 'node id', input.nodeId),
    cluster_id: checked('uuid', 'cluster id', input.clusterId),
    name: checked('nodeName', 'node name', input.name),
    role: input.role,
    endpoint: checked('endpoint', 'bootstrap endpoint', input.endpoint),
    nonce: checked('nonce', 'nonce', input.nonce),
  };
  const config = {
    write_files: [
      file('/etc/jeroboam/node.json', '0600', `${JSON.stringify(node)}\n`),
      file('/etc/jeroboam/ca.pem', '0644', checked('certificate', 'bootstrap authority', input.caPem)),
      file('/usr/local/sbin/jeroboam-node', '0755', NODE_AGENT),
      file('/etc/systemd/system/jeroboam-node.service', '0644', UNIT),
    ],
    runcmd: [
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', '--now', '--no-block', 'jeroboam-node.service'],
    ],
  };
  const text = `#cloud-config\n${stringify(config, { version: '1.1', lineWidth: 0 })}`;
  const bytes = Buffer.byteLength(text);
  if (bytes >= USER_DATA_LIMIT_BYTES) {
    throw new InvalidInput('user-data-too-large', `User data is ${bytes} bytes, at most ${USER_DATA_LIMIT_BYTES} are sent.`, {
      field: 'bootstrap authority',
    });
  }
  return text;
}

const file = (path: string, permissions: string, content: string): object => ({ path, owner: 'root:root', permissions, content });
