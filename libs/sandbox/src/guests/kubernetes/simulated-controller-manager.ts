import { createHmac } from 'node:crypto';
import { liveBootstrapTokens } from './authentication.js';
import type { KubeUser } from './kube-user.js';
import { mayAccess } from './authorization.js';
import { base64, dig, kubeTime, unbase64, type Json, type KubeObject } from './kube-object.js';
import type { SimulatedEtcd } from './simulated-etcd.js';
import { readRequest, signRequest, type ReadRequest, type SimulatedAuthority } from './simulated-pki.js';

const csrs = 'certificates.k8s.io/certificatesigningrequests';
const kubeletClient = 'kubernetes.io/kube-apiserver-client-kubelet';
const kubeletServing = 'kubernetes.io/kubelet-serving';
const apiClient = 'kubernetes.io/kube-apiserver-client';

/**
 * The control loops that joining needs: approving and signing CSRs, signing cluster-info for each bootstrap token,
 * cleaning expired tokens. They run in the turn of the change or of the read instead of on a clock.
 */
export class SimulatedControllerManager {
  constructor(
    readonly etcd: SimulatedEtcd,
    /** Of the one that leads; undefined: none runs that could sign. */
    readonly authority: () => SimulatedAuthority | undefined,
  ) {}

  /** What becomes of a new CSR before it is stored: approved when it is a joining kubelet's, then signed. */
  processCsr(csr: KubeObject, requestor: KubeUser): KubeObject {
    const signer = String(dig(csr, 'spec', 'signerName'));
    const request = readRequest(unbase64(dig(csr, 'spec', 'request')));
    const approved = hasCondition(csr, 'Approved') || (signer === kubeletClient && this.#autoApproved(request, requestor));
    if (!approved || hasCondition(csr, 'Denied')) return csr;
    const conditions = hasCondition(csr, 'Approved')
      ? (dig(csr, 'status', 'conditions') as Json[])
      : [condition('Approved', 'AutoApproved', 'Auto approving kubelet client certificate after SubjectAccessReview.')];
    const status: Json = { ...(dig(csr, 'status') as Json | undefined), conditions };
    const authority = this.authority();
    if (authority && status['certificate'] === undefined && [kubeletClient, kubeletServing, apiClient].includes(signer)) {
      const days = Math.min(Number(dig(csr, 'spec', 'expirationSeconds') ?? 31_536_000) / 86_400, 365);
      const usage = signer === kubeletServing ? 'server' : 'client';
      status['certificate'] = base64(signRequest(authority, request, { usage, days }));
    }
    return { ...csr, status };
  }

  #autoApproved(request: ReadRequest, requestor: KubeUser): boolean {
    if (!request.commonName.startsWith('system:node:') || request.organizations.join() !== 'system:nodes') return false;
    const subresource = requestor.name === request.commonName ? 'selfnodeclient' : 'nodeclient';
    const access = {
      verb: 'create',
      group: 'certificates.k8s.io',
      resource: 'certificatesigningrequests',
      subresource,
      namespace: '',
      name: '',
    };
    return mayAccess(requestor, access, this.etcd);
  }

  /** Signs again a CSR whose approval was stored. */
  signStored(name: string, requestor: KubeUser): KubeObject | undefined {
    const entry = this.etcd.get(csrs, '', name);
    return entry && this.etcd.put(csrs, this.processCsr(entry.object, requestor));
  }

  /** Token cleaner and bootstrap signer: expired tokens go, cluster-info carries a signature for each living one. */
  refreshClusterInfo(now = Date.now()): void {
    const living = liveBootstrapTokens(this.etcd, now);
    for (const { object } of this.etcd.list('/secrets', 'kube-system')) {
      const expiration = unbase64(dig(object, 'data', 'expiration'));
      const expired = expiration !== '' && !(Date.parse(expiration) > now);
      if (object['type'] === 'bootstrap.kubernetes.io/token' && expired) {
        this.etcd.delete('/secrets', 'kube-system', object.metadata.name);
      }
    }
    const info = this.etcd.get('/configmaps', 'kube-public', 'cluster-info')?.object;
    const kubeconfig = dig(info, 'data', 'kubeconfig');
    if (!info || typeof kubeconfig !== 'string') return;
    const data: Record<string, string> = { kubeconfig };
    for (const token of living) {
      if (token.signing) data[`jws-kubeconfig-${token.id}`] = detachedJws(kubeconfig, token.id, token.secret);
    }
    if (JSON.stringify(data) !== JSON.stringify(info['data'])) this.etcd.put('/configmaps', { ...info, data });
  }
}

/** Detached JWS (HS256) of cluster-info, as the bootstrap signer makes it. */
export function detachedJws(content: string, tokenId: string, secret: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: tokenId })).toString('base64url');
  const payload = Buffer.from(content).toString('base64url');
  const signature = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url');
  return `${header}..${signature}`;
}

/** A condition of a CSR. */
export function condition(type: string, reason: string, message: string): Json {
  const now = kubeTime();
  return { type, status: 'True', reason, message, lastUpdateTime: now, lastTransitionTime: now };
}

function hasCondition(csr: KubeObject, type: string): boolean {
  const conditions = dig(csr, 'status', 'conditions');
  return Array.isArray(conditions) && conditions.some((entry) => dig(entry, 'type') === type && dig(entry, 'status') === 'True');
}
