import { isNotFound } from './errors.js';
import type { CallOptions, Transport } from './transport.js';

/** Bound by kubeadm to what a joining node may do. */
const JOINING_NODES = 'system:bootstrappers:kubeadm:default-node-token';

const secretPath = (tokenId: string): string => `/api/v1/namespaces/kube-system/secrets/bootstrap-token-${tokenId}`;

/**
 * Makes the token good for joining until `expiresAt`, whether it is there, has expired or was removed.
 * @param token `[a-z0-9]{6}.[a-z0-9]{16}`
 * @throws RangeError another form; KubernetesError
 * Source: kubernetes.io "Authenticating with Bootstrap Tokens", 1.36
 */
export async function ensureBootstrapToken(
  transport: Transport,
  token: string,
  expiresAt: Date,
  options: CallOptions = {},
): Promise<void> {
  const [, id, secret] = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(token) ?? [];
  if (id === undefined || secret === undefined) throw new RangeError('a bootstrap token is [a-z0-9]{6}.[a-z0-9]{16}');
  const data = {
    'auth-extra-groups': JOINING_NODES,
    description: 'Nodes of this cluster join with it while they are made.',
    expiration: `${expiresAt.toISOString().slice(0, 19)}Z`,
    'token-id': id,
    'token-secret': secret,
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
  };
  await transport.json({
    ...options,
    method: 'PATCH',
    path: secretPath(id),
    query: { fieldManager: 'jeroboam', force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
      type: 'bootstrap.kubernetes.io/token',
      data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
    },
  });
}

/** Nobody joins with the token from here on. Nothing there is fine. @param token the token, or its first part alone */
export async function deleteBootstrapToken(transport: Transport, token: string, options: CallOptions = {}): Promise<void> {
  const id = token.split('.')[0] ?? '';
  try {
    await transport.json({ ...options, method: 'DELETE', path: secretPath(encodeURIComponent(id)) });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
