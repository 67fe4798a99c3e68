import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { authorize } from './authorization.js';
import { dig, StatusError, unbase64 } from './kube-object.js';
import type { KubeUser } from './kube-user.js';
import type { SimulatedEtcd } from './simulated-etcd.js';

const anonymous: KubeUser = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
const knownSockets = new WeakMap<TLSSocket, KubeUser | 'invalid' | 'none'>();

/**
 * Who is calling: a client certificate chained to the cluster CA (CN = user, O = groups), else a bootstrap token,
 * else anonymous; somebody else when `Impersonate-User` asks for it. @throws StatusError 401 for credentials that do not
 * hold, 403 for impersonation without the right
 */
export function authenticate(request: IncomingMessage, etcd: SimulatedEtcd): KubeUser {
  const user = realUser(request, etcd);
  const name = request.headers['impersonate-user'];
  if (typeof name !== 'string') return user;
  authorize(user, { verb: 'impersonate', group: '', resource: 'users', namespace: '', name }, etcd);
  const groups = [request.headers['impersonate-group'] ?? []]
    .flat()
    .flatMap((group) => group.split(',').map((word) => word.trim()));
  const everybody = name === anonymous.name ? 'system:unauthenticated' : 'system:authenticated';
  return { name, groups: [...groups, everybody] };
}

function realUser(request: IncomingMessage, etcd: SimulatedEtcd): KubeUser {
  const byCertificate = certificateUser(request.socket as TLSSocket);
  if (byCertificate === 'invalid') throw unauthorized();
  if (byCertificate !== 'none') return byCertificate;
  const header = request.headers.authorization;
  if (header === undefined) return anonymous;
  const user = bootstrapUser(/^Bearer\s+(\S+)$/i.exec(header)?.[1] ?? '', etcd);
  if (!user) throw unauthorized();
  return user;
}

function unauthorized(): StatusError {
  return new StatusError(401, 'Unauthorized', 'Unauthorized');
}

function certificateUser(socket: TLSSocket): KubeUser | 'invalid' | 'none' {
  const known = knownSockets.get(socket);
  if (known) return known;
  const found = readCertificate(socket);
  knownSockets.set(socket, found);
  return found;
}

function readCertificate(socket: TLSSocket): KubeUser | 'invalid' | 'none' {
  const { subject } = socket.getPeerCertificate();
  if (!subject) return 'none';
  if (!socket.authorized) return 'invalid';
  const names = subject as unknown as Record<string, string | string[] | undefined>;
  const groups = [names['O'] ?? []].flat();
  return { name: [names['CN'] ?? ''].flat()[0] ?? '', groups: [...groups, 'system:authenticated'] };
}

/** A bootstrap token that lives: its secret's parts. Source: Kubernetes, "Authenticating with Bootstrap Tokens". */
export interface BootstrapToken {
  readonly id: string;
  readonly secret: string;
  readonly signing: boolean;
  readonly authentication: boolean;
  readonly groups: readonly string[];
}

/** Bootstrap tokens that have not expired. */
export function liveBootstrapTokens(etcd: SimulatedEtcd, now = Date.now()): BootstrapToken[] {
  return etcd.list('/secrets', 'kube-system').flatMap(({ object }) => {
    if (object['type'] !== 'bootstrap.kubernetes.io/token') return [];
    const text = (key: string): string => unbase64(dig(object, 'data', key));
    const id = text('token-id');
    const expiration = text('expiration');
    if (object.metadata.name !== `bootstrap-token-${id}`) return [];
    if (expiration !== '' && !(Date.parse(expiration) > now)) return [];
    return [
      {
        id,
        secret: text('token-secret'),
        signing: text('usage-bootstrap-signing') === 'true',
        authentication: text('usage-bootstrap-authentication') === 'true',
        groups: text('auth-extra-groups')
          .split(',')
          .filter((group) => group.startsWith('system:bootstrappers:')),
      },
    ];
  });
}

function bootstrapUser(token: string, etcd: SimulatedEtcd): KubeUser | undefined {
  const [, id, secret] = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(token) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  const found = liveBootstrapTokens(etcd).find((candidate) => candidate.id === id && candidate.authentication);
  if (!found || found.secret.length !== secret.length) return undefined;
  if (!timingSafeEqual(Buffer.from(found.secret), Buffer.from(secret))) return undefined;
  return { name: `system:bootstrap:${id}`, groups: ['system:bootstrappers', ...found.groups, 'system:authenticated'] };
}
