import { dig, isJson, type Json, type KubeObject } from './kube-object.js';
import type { SimulatedEtcd } from './simulated-etcd.js';
import { cloudProviderOf, type CloudCredential } from './simulated-workloads.js';

const UNINITIALIZED = 'node.cloudprovider.kubernetes.io/uninitialized';
const AGAIN_MS = 1_000;
/** What else decides whether it runs, and with which credential. */
const ACTS_BY = ['/secrets', 'apps/daemonsets', '/serviceaccounts'];

/** Whether the cloud lets somebody in with this. */
export type TryCredential = (credential: CloudCredential) => Promise<boolean>;

/**
 * What a cloud controller manager does for nodes: when it runs in the cluster, and its configuration opens the cloud, nodes
 * lose the taint of those that nobody has looked at. It looks at each change of the cluster, and again while it has no success.
 */
export class SimulatedCloudProvider {
  readonly #stop: () => void;
  #timer: NodeJS.Timeout | undefined;
  #working = false;
  #good: CloudCredential | null = null;

  constructor(
    readonly etcd: SimulatedEtcd,
    readonly tryCredential: TryCredential,
  ) {
    this.#stop = etcd.onChange(({ resource, object }) => {
      if (resource === '/nodes' ? isWaiting(object) : ACTS_BY.includes(resource)) this.#soon(0);
    });
    this.#soon(0);
  }

  close(): void {
    this.#stop();
    clearTimeout(this.#timer);
  }

  #soon(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), ms);
    this.#timer.unref();
  }

  #waiting(): KubeObject[] {
    return this.etcd
      .list('/nodes')
      .map(({ object }) => object)
      .filter(isWaiting);
  }

  async #look(): Promise<void> {
    if (this.#working || this.#waiting().length === 0) return;
    this.#working = true;
    try {
      const credential = cloudProviderOf(this.etcd);
      if (credential && (JSON.stringify(credential) === JSON.stringify(this.#good) || (await this.tryCredential(credential)))) {
        this.#good = credential;
        for (const node of this.#waiting()) this.etcd.put('/nodes', initialised(node));
      }
    } finally {
      this.#working = false;
      if (this.#waiting().length > 0) this.#soon(AGAIN_MS);
    }
  }
}

const taintsOf = (node: KubeObject): Json[] => {
  const taints = dig(node, 'spec', 'taints');
  return Array.isArray(taints) ? taints.filter(isJson) : [];
};

const isWaiting = (node: KubeObject): boolean => taintsOf(node).some((taint) => taint['key'] === UNINITIALIZED);

function initialised(node: KubeObject): KubeObject {
  const spec = node['spec'] as Json;
  return { ...node, spec: { ...spec, taints: taintsOf(node).filter((taint) => taint['key'] !== UNINITIALIZED) } };
}

/** Logs in as the trustee, for the trust's project. Source: Keystone v3, POST /v3/auth/tokens with OS-TRUST. */
export async function logIn({ authUrl, userId, password, trustId }: CloudCredential): Promise<boolean> {
  const auth = {
    identity: { methods: ['password'], password: { user: { id: userId, password } } },
    scope: { 'OS-TRUST:trust': { id: trustId } },
  };
  try {
    const answer = await fetch(`${authUrl.replace(/\/+$/, '')}/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ auth }),
      signal: AbortSignal.timeout(10_000),
    });
    await answer.body?.cancel();
    return answer.status === 201;
  } catch {
    return false;
  }
}
