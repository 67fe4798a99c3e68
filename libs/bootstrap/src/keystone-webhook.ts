import { stringify } from 'yaml';
import type { BundleFile } from './types.js';

export const KEYSTONE_WEBHOOK_DIR = '/etc/kubernetes/keystone';
export const KEYSTONE_WEBHOOK_PATH = `${KEYSTONE_WEBHOOK_DIR}/webhook.yaml`;

/**
 * Where the API server asks for tokens that are not its own: the add-on `keystone-auth` beside it, which shows the API
 * server's certificate. Every master has it, since all take the arguments of the first one.
 * Source: kubernetes.io, Webhook Token Authentication.
 */
export function keystoneWebhookFile(): BundleFile {
  const name = 'keystone';
  const cluster = { server: 'https://127.0.0.1:8443/webhook', 'certificate-authority': '/etc/kubernetes/pki/ca.crt' };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster }],
    users: [{ name, user: {} }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  return { path: KEYSTONE_WEBHOOK_PATH, mode: '0600', content: stringify(config, { version: '1.1', lineWidth: 0 }) };
}
