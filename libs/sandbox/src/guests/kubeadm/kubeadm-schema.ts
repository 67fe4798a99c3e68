/** Shapes of kubeadm's configuration documents. Source: kubeadm Configuration (v1beta4), Kubernetes 1.36. */
export type Shape =
  | 'string'
  | 'bool'
  | 'int'
  /** Go duration as text: `4m0s`. */
  | 'duration'
  /** Not looked into. */
  | 'any'
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> };

const argument: Shape = { fields: { name: 'string', value: 'string' } };
const environment: Shape = { fields: { name: 'string', value: 'string', valueFrom: 'any' } };
const hostPath: Shape = {
  fields: { name: 'string', hostPath: 'string', mountPath: 'string', readOnly: 'bool', pathType: 'string' },
};
const component = {
  extraArgs: { list: argument },
  extraEnvs: { list: environment },
  extraVolumes: { list: hostPath },
} as const satisfies Record<string, Shape>;
const imageMeta = { imageRepository: 'string', imageTag: 'string' } as const satisfies Record<string, Shape>;
const patches: Shape = { fields: { directory: 'string' } };
const timeouts: Shape = {
  fields: {
    controlPlaneComponentHealthCheck: 'duration',
    kubeletHealthCheck: 'duration',
    kubernetesAPICall: 'duration',
    etcdAPICall: 'duration',
    tlsBootstrap: 'duration',
    discovery: 'duration',
    upgradeManifests: 'duration',
  },
};
const nodeRegistration: Shape = {
  fields: {
    name: 'string',
    criSocket: 'string',
    taints: { list: { fields: { key: 'string', value: 'string', effect: 'string', timeAdded: 'string' } } },
    kubeletExtraArgs: { list: argument },
    ignorePreflightErrors: { list: 'string' },
    imagePullPolicy: 'string',
    imagePullSerial: 'bool',
  },
};
const localEndpoint: Shape = { fields: { advertiseAddress: 'string', bindPort: 'int' } };
const bootstrapToken: Shape = {
  fields: {
    token: 'string',
    description: 'string',
    ttl: 'duration',
    expires: 'string',
    usages: { list: 'string' },
    groups: { list: 'string' },
  },
};

const documentFields = { apiVersion: 'string', kind: 'string' } as const satisfies Record<string, Shape>;

export const kubeadmKinds: Readonly<Record<string, Shape>> = {
  ClusterConfiguration: {
    fields: {
      ...documentFields,
      clusterName: 'string',
      kubernetesVersion: 'string',
      controlPlaneEndpoint: 'string',
      imageRepository: 'string',
      certificatesDir: 'string',
      encryptionAlgorithm: 'string',
      certificateValidityPeriod: 'duration',
      caCertificateValidityPeriod: 'duration',
      featureGates: { map: 'bool' },
      networking: { fields: { podSubnet: 'string', serviceSubnet: 'string', dnsDomain: 'string' } },
      apiServer: { fields: { ...component, certSANs: { list: 'string' } } },
      controllerManager: { fields: component },
      scheduler: { fields: component },
      dns: { fields: { ...imageMeta, disabled: 'bool' } },
      proxy: { fields: { disabled: 'bool' } },
      etcd: {
        fields: {
          local: {
            fields: {
              ...imageMeta,
              dataDir: 'string',
              extraArgs: { list: argument },
              extraEnvs: { list: environment },
              serverCertSANs: { list: 'string' },
              peerCertSANs: { list: 'string' },
            },
          },
          external: {
            fields: {
              endpoints: { list: 'string' },
              httpEndpoints: { list: 'string' },
              caFile: 'string',
              certFile: 'string',
              keyFile: 'string',
            },
          },
        },
      },
    },
  },
  InitConfiguration: {
    fields: {
      ...documentFields,
      bootstrapTokens: { list: bootstrapToken },
      dryRun: 'bool',
      nodeRegistration,
      localAPIEndpoint: localEndpoint,
      certificateKey: 'string',
      skipPhases: { list: 'string' },
      patches,
      timeouts,
    },
  },
  JoinConfiguration: {
    fields: {
      ...documentFields,
      dryRun: 'bool',
      nodeRegistration,
      caCertPath: 'string',
      discovery: {
        fields: {
          bootstrapToken: {
            fields: {
              token: 'string',
              apiServerEndpoint: 'string',
              caCertHashes: { list: 'string' },
              unsafeSkipCAVerification: 'bool',
            },
          },
          file: { fields: { kubeConfigPath: 'string' } },
          tlsBootstrapToken: 'string',
          timeout: 'duration',
        },
      },
      controlPlane: { fields: { localAPIEndpoint: localEndpoint, certificateKey: 'string' } },
      skipPhases: { list: 'string' },
      patches,
      timeouts,
    },
  },
};

/** Documents that may lie in the same file; kubeadm hands them on, the simulation does not look into them. */
export const foreignKinds: Readonly<Record<string, string>> = {
  KubeletConfiguration: 'kubelet.config.k8s.io/v1beta1',
  KubeProxyConfiguration: 'kubeproxy.config.k8s.io/v1alpha1',
};

/** Strict decoding: the first thing that does not fit, in Go's words, or undefined. null means unset. */
export function decodingError(value: unknown, shape: Shape, path: string, kind: string): string | undefined {
  if (value === null || value === undefined || shape === 'any') return undefined;
  const wrong = (goType: string): string =>
    `json: cannot unmarshal ${jsonType(value)} into Go struct field ${kind}.${path} of type ${goType}`;
  if (shape === 'string') return typeof value === 'string' ? undefined : wrong('string');
  if (shape === 'bool') return typeof value === 'boolean' ? undefined : wrong('bool');
  if (shape === 'int') return Number.isInteger(value) ? undefined : wrong('int32');
  if (shape === 'duration') {
    if (typeof value !== 'string') return wrong('string');
    return parseDuration(value) === undefined ? `time: invalid duration "${value}"` : undefined;
  }
  if ('list' in shape) {
    if (!Array.isArray(value)) return wrong('[]');
    return first(
      value.map((item, index) => [`${path}[${index}]`, item] as const),
      ([at, item]) => decodingError(item, shape.list, at, kind),
    );
  }
  if (typeof value !== 'object' || Array.isArray(value)) return wrong('object');
  if ('map' in shape)
    return first(Object.entries(value), ([key, item]) => decodingError(item, shape.map, `${path}.${key}`, kind));
  return first(Object.entries(value), ([key, item]) => {
    const at = path === '' ? key : `${path}.${key}`;
    const field = Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
    return field === undefined ? `strict decoding error: unknown field "${at}"` : decodingError(item, field, at, kind);
  });
}

/** Milliseconds of a Go duration, undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^([0-9]+(\.[0-9]+)?(ms|h|m|s))+$/.test(text)) return undefined;
  const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  return [...text.matchAll(/([0-9.]+)(ms|h|m|s)/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ''] ?? 0),
    0,
  );
}

function first<T>(items: readonly T[], test: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = test(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function jsonType(value: unknown): string {
  return Array.isArray(value)
    ? 'array'
    : typeof value === 'object'
      ? 'object'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value;
}
