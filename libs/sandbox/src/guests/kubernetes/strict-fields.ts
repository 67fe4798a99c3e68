import { isJson, type Json } from './kube-object.js';

/** What fields a type has: another type, a list of one, or anything. */
type FieldType = 'any' | { readonly [field: string]: FieldType } | readonly [FieldType];

const fields = (names: string): Record<string, FieldType> => Object.fromEntries(names.split(' ').map((name) => [name, 'any']));

const container: FieldType = {
  ...fields(
    'name image command args workingDir envFrom resources resizePolicy restartPolicy lifecycle terminationMessagePath ' +
      'terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce tty volumeDevices',
  ),
  env: [{ ...fields('name value'), valueFrom: fields('fieldRef resourceFieldRef configMapKeyRef secretKeyRef') }],
  ports: [fields('name containerPort hostPort hostIP protocol')],
  volumeMounts: [fields('name mountPath mountPropagation readOnly recursiveReadOnly subPath subPathExpr')],
  livenessProbe: fields(
    'exec httpGet tcpSocket grpc initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold terminationGracePeriodSeconds',
  ),
  readinessProbe: fields(
    'exec httpGet tcpSocket grpc initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold',
  ),
  startupProbe: fields(
    'exec httpGet tcpSocket grpc initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold',
  ),
};
const podSpec: FieldType = {
  ...fields(
    'restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy dnsConfig nodeSelector serviceAccountName ' +
      'serviceAccount automountServiceAccountToken nodeName hostNetwork hostPID hostIPC hostUsers shareProcessNamespace securityContext ' +
      'imagePullSecrets hostname subdomain affinity schedulerName hostAliases priorityClassName priority readinessGates runtimeClassName ' +
      'enableServiceLinks preemptionPolicy overhead topologySpreadConstraints setHostnameAsFQDN os schedulingGates resourceClaims',
  ),
  containers: [container],
  initContainers: [container],
  tolerations: [fields('key operator value effect tolerationSeconds')],
  volumes: [
    {
      ...fields('name emptyDir downwardAPI projected persistentVolumeClaim csi ephemeral nfs iscsi image'),
      hostPath: fields('path type'),
      configMap: fields('name items defaultMode optional'),
      secret: fields('secretName items defaultMode optional'),
    },
  ],
};
const template: FieldType = { metadata: 'any', spec: podSpec };
const metadata: FieldType = fields(
  'name generateName namespace labels annotations finalizers ownerReferences uid resourceVersion generation creationTimestamp managedFields ' +
    'deletionTimestamp deletionGracePeriodSeconds selfLink',
);
const object = (rest: Record<string, FieldType>): FieldType => ({ apiVersion: 'any', kind: 'any', metadata, ...rest });
const rule: FieldType = fields('verbs apiGroups resources resourceNames nonResourceURLs');
const binding = object({ roleRef: fields('apiGroup kind name'), subjects: [fields('kind apiGroup name namespace')] });

/** Kinds whose fields are known; of others anything is taken. Source: Kubernetes 1.36 API reference. */
const TYPES: Readonly<Record<string, FieldType>> = {
  Namespace: object({ spec: fields('finalizers'), status: 'any' }),
  ServiceAccount: object(fields('secrets imagePullSecrets automountServiceAccountToken')),
  ConfigMap: object(fields('data binaryData immutable')),
  Secret: object(fields('data stringData type immutable')),
  Service: object({
    status: 'any',
    spec: {
      ...fields(
        'selector clusterIP clusterIPs type externalIPs sessionAffinity loadBalancerIP loadBalancerSourceRanges externalName ' +
          'externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses sessionAffinityConfig ipFamilies ipFamilyPolicy ' +
          'allocateLoadBalancerNodePorts loadBalancerClass internalTrafficPolicy trafficDistribution',
      ),
      ports: [fields('name protocol appProtocol port targetPort nodePort')],
    },
  }),
  Deployment: object({
    status: 'any',
    spec: {
      ...fields('replicas selector strategy minReadySeconds revisionHistoryLimit paused progressDeadlineSeconds'),
      template,
    },
  }),
  DaemonSet: object({
    status: 'any',
    spec: { ...fields('selector updateStrategy minReadySeconds revisionHistoryLimit'), template },
  }),
  ClusterRole: object({ rules: [rule], aggregationRule: 'any' }),
  Role: object({ rules: [rule] }),
  ClusterRoleBinding: binding,
  RoleBinding: binding,
  PodDisruptionBudget: object({ status: 'any', spec: fields('minAvailable maxUnavailable selector unhealthyPodEvictionPolicy') }),
  CSIDriver: object({
    spec: fields(
      'attachRequired podInfoOnMount volumeLifecycleModes storageCapacity fsGroupPolicy tokenRequests requiresRepublish seLinuxMount ' +
        'nodeAllocatableUpdatePeriodSeconds serviceAccountTokenInSecrets',
    ),
  }),
  StorageClass: object(
    fields('provisioner parameters reclaimPolicy mountOptions allowVolumeExpansion volumeBindingMode allowedTopologies'),
  ),
  APIService: object({
    status: 'any',
    spec: fields('service group version insecureSkipTLSVerify caBundle groupPriorityMinimum versionPriority'),
  }),
  CustomResourceDefinition: object({
    status: 'any',
    spec: {
      ...fields('group scope conversion preserveUnknownFields'),
      names: fields('plural singular shortNames kind listKind categories'),
      versions: [
        fields('name served storage deprecated deprecationWarning schema subresources additionalPrinterColumns selectableFields'),
      ],
    },
  }),
};

/** Fields that the kind does not have, as the API server names them: `spec.template.spec.nope`. */
export function unknownFields(kind: string, body: Json): string[] {
  const type = TYPES[kind];
  return type === undefined ? [] : strangers(body, type, '');
}

function strangers(value: unknown, type: FieldType, path: string): string[] {
  if (type === 'any') return [];
  if (isList(type)) return Array.isArray(value) ? value.flatMap((item, at) => strangers(item, type[0], `${path}[${at}]`)) : [];
  if (!isJson(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const own = (type as Readonly<Record<string, FieldType>>)[key];
    const at = path === '' ? key : `${path}.${key}`;
    return own === undefined ? [at] : strangers(inner, own, at);
  });
}

const isList = (type: FieldType): type is readonly [FieldType] => Array.isArray(type);
