/** How long the simulated work of a guest takes, in milliseconds. */
export interface GuestLatencies {
  /** From the server being ACTIVE to cloud-init running the node agent. */
  readonly bootMs: number;
  /** Steps of the bundle by name. */
  readonly steps: Readonly<Record<string, number>>;
  /** Any other step. */
  readonly otherStepMs: number;
  /** From the node's registration to Ready=True. */
  readonly nodeReadyMs: number;
  /** How long the API hangs when etcd's leader goes without having passed its leadership on. */
  readonly etcdElectionMs: number;
  /** How long a node may be silent before the simulated controller manager says Ready=Unknown. */
  readonly nodeMonitorGraceMs: number;
}

/** What `npm run demo` shows: a fast cloud with prebuilt images. */
export const defaultGuestLatencies: GuestLatencies = {
  bootMs: 2_000,
  steps: { prepare: 500, containerd: 1_000, 'kubeadm-init': 6_000, 'kubeadm-join': 3_000 },
  otherStepMs: 500,
  nodeReadyMs: 1_000,
  etcdElectionMs: 1_500,
  nodeMonitorGraceMs: 40_000,
};

/** All latencies multiplied by `factor`; 0 makes every guest instant. */
export function scaleGuestLatencies(latencies: GuestLatencies, factor: number): GuestLatencies {
  return {
    bootMs: latencies.bootMs * factor,
    steps: Object.fromEntries(Object.entries(latencies.steps).map(([name, ms]) => [name, ms * factor])),
    otherStepMs: latencies.otherStepMs * factor,
    nodeReadyMs: latencies.nodeReadyMs * factor,
    etcdElectionMs: latencies.etcdElectionMs * factor,
    nodeMonitorGraceMs: latencies.nodeMonitorGraceMs * factor,
  };
}

/** Nothing takes time but the real work (TLS, keys, the API's answers). */
export const noGuestLatencies: GuestLatencies = scaleGuestLatencies(defaultGuestLatencies, 0);

/** What goes wrong in a guest. The first fault whose pattern matches the server's name counts. */
export type GuestFault = { readonly server: string } & (
  | { readonly kind: 'never-boots' }
  | { readonly kind: 'no-network' }
  | {
      readonly kind: 'step-fails';
      readonly step: string;
      readonly exitCode: number;
      readonly stderr: string;
      /** How many attempts fail, over all servers; unset: all of them. */
      readonly times?: number;
      /** It fails after having done its work: a control plane has joined etcd by then. */
      readonly late?: boolean;
    }
  | { readonly kind: 'not-ready'; readonly message?: string }
  | { readonly kind: 'slow'; readonly factor: number }
);

export interface GuestRuntimeOptions {
  /** Where simulated disks and simulated etcds are kept; made when missing. Without it nothing survives a restart. */
  readonly dir?: string | undefined;
  readonly latencies?: GuestLatencies;
  readonly faults?: readonly GuestFault[];
  /** Internal addresses of guests that serve an API: a network of 127.0.0.0/8. */
  readonly internalCidr?: string;
  /** Multiplies what guests wait for others (kubeadm's timeouts, Retry-After, retries); tests make it small. */
  readonly patienceFactor?: number;
  /** One line per event worth telling an operator; never holds a secret. */
  readonly log?: (line: string) => void;
}

/** Whether `pattern` (`*` any run, `?` one character) matches the whole name. */
export function matchesServer(pattern: string, name: string): boolean {
  const body = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${body}$`).test(name);
}
