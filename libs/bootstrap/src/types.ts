export type NodeRole = 'master' | 'worker';

/** What a node needs to fetch its bundle. Nothing in it is a key; the nonce works once. */
export interface UserDataInput {
  readonly nodeId: string;
  readonly clusterId: string;
  /** The node's name: RFC 1123 label. */
  readonly name: string;
  readonly role: NodeRole;
  /** BOOTSTRAP_PUBLIC_URL, `https://host:port`. */
  readonly endpoint: string;
  /** 43 base64url characters. */
  readonly nonce: string;
  /** Certificate of the service's bootstrap authority: the pin. */
  readonly caPem: string;
  /** The image's `os_distro`: decides the form. */
  readonly distro?: string | null | undefined;
}

export interface CertificatePair {
  readonly certPem: string;
  readonly keyPem: string;
  /** All that are trusted on its side, itself first; not given: itself alone. */
  readonly trustPem?: string | undefined;
}

/** What masters carry, and nobody else. */
export interface ControlPlaneSecrets {
  readonly ca: CertificatePair;
  readonly etcdCa: CertificatePair;
  readonly frontProxyCa: CertificatePair;
  /** Several public keys are all believed; the private one signs. */
  readonly serviceAccount: { readonly publicPem: string; readonly privatePem: string };
  /** A way in for kubeadm itself, while API servers by another authority still stand: certificate and key of an administrator. */
  readonly admin?: CertificatePair | undefined;
}

export interface Taint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

/** The operator's mirrors; every field has a default (`DEFAULT_MIRRORS`). */
export interface Mirrors {
  /** Per-minor package repositories: `<this>/v1.36/deb/`. */
  readonly kubernetesPackages: string;
  /** Hex SHA-256 of `Release.key`, when the operator pins it. */
  readonly kubernetesPackagesKeySha256?: string | undefined;
  /** Where kubeadm's images come from; label container_infra_prefix wins. */
  readonly imageRepository: string;
  /** Registry host -> mirror URL, for containerd. */
  readonly registries: Readonly<Record<string, string>>;
  /** By version (`v1.36.4`): archives for systems without packages. */
  readonly binaries: Readonly<Record<string, Binaries>>;
}

/** A file of the network, pinned. */
export interface Artifact {
  readonly url: string;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface Binaries {
  /** Upstream's `kubernetes-node-linux-*.tar.gz`, or an archive with kubeadm, kubelet and kubectl anywhere in it. */
  readonly kubernetes: Artifact;
  /** Upstream's `cni-plugins-linux-*.tgz`. */
  readonly cni: Artifact;
}

export interface BundleInput {
  readonly node: {
    readonly id: string;
    readonly name: string;
    readonly role: NodeRole;
    readonly groupName: string;
    readonly labels?: Readonly<Record<string, string>> | undefined;
    readonly taints?: readonly Taint[] | undefined;
  };
  /** Makes the control plane (`init`), joins it, or joins as a worker. */
  readonly kind: 'init' | 'join-control-plane' | 'join-worker';
  readonly cluster: {
    readonly id: string;
    readonly name: string;
    /** The cluster's effective labels, also for other groups' nodes: address ranges are the cluster's. */
    readonly labels: Readonly<Record<string, string>>;
    /** 0: no limit. */
    readonly createTimeoutMinutes: number;
    readonly networkDriver: string | null;
    readonly httpProxy: string | null;
    readonly httpsProxy: string | null;
    readonly noProxy: string | null;
    readonly insecureRegistry: string | null;
  };
  /** `v1.36.4`, from `kubernetesVersionOf`. */
  readonly kubernetesVersion: string;
  /** The image's properties: `kube_version` there means that Kubernetes is installed; `os_distro` names the system. */
  readonly imageProperties: Readonly<Record<string, unknown>>;
  /** Address of the cluster's API for nodes and users; null (first master only): its own address. */
  readonly apiHost: string | null;
  readonly apiPort: number;
  /** Further addresses and names of the API, for its certificate: VIP, floating IP. */
  readonly apiAddresses: readonly string[];
  /** The subnet of the nodes. */
  readonly nodeCidr: string;
  /** `[a-z0-9]{6}.[a-z0-9]{16}` */
  readonly bootstrapToken: string;
  /** `sha256:<hex>` pins of the cluster's CA. */
  readonly caCertHashes: readonly string[];
  /** Masters only; refused for workers. */
  readonly controlPlane?: ControlPlaneSecrets | undefined;
  /** Whether the group has a volume for the container runtime (docker_volume_size). */
  readonly dockerVolume: boolean;
  /** Whether the API server asks the Keystone webhook beside it for tokens that are not its own. Of the first master alone: others follow it. */
  readonly keystoneAuth?: boolean | undefined;
  /** Whether an OpenStack cloud controller manager will run: only then may the kubelet wait for one. */
  readonly externalCloudProvider: boolean;
  readonly mirrors?: Partial<Mirrors> | undefined;
  /** Authorities that the nodes trust besides those of their image: of mirrors, proxies, registries. */
  readonly trustedPem?: string | undefined;
  /** NTP servers instead of the image's own. */
  readonly timeServers?: readonly string[] | undefined;
}

export interface BundleFile {
  readonly path: string;
  /** Octal: `0600`. */
  readonly mode: string;
  /**
   * May hold `@@INSTANCE_ID@@`, `@@LOCAL_IP@@`, `@@VOLUME_DOCKER@@`, `@@VOLUME_ETCD@@`: the agent puts in the server's uuid, the
   * node's address, the volumes' uuids.
   */
  readonly content: string;
}

export interface BundleStep {
  readonly name: 'prepare' | 'containerd' | 'kubeadm-init' | 'kubeadm-join';
  readonly command: readonly string[];
  readonly timeout_seconds: number;
  readonly attempts: number;
  /** The agent asks for the node's turn before it begins (`POST .../turn`): there must be something to join. */
  readonly turn?: true;
}

/** The answer to a node's one fetch, as it is on the wire. */
export interface Bundle {
  readonly version: 1;
  readonly name: string;
  readonly role: NodeRole;
  readonly files: readonly BundleFile[];
  readonly steps: readonly BundleStep[];
  /** Paths (files or directories) removed when all steps are done. */
  readonly cleanup: readonly string[];
}
