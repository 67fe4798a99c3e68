/** A kind the simulated API server knows. */
export interface ApiResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly subresources: readonly string[];
  readonly categories: readonly string[];
}

const all = ['all'];
/** [plural, kind, namespaced, short names, subresources, categories] by group and version. */
const tables: Record<string, readonly [string, string, boolean, string[]?, string[]?, string[]?][]> = {
  '/v1': [
    ['configmaps', 'ConfigMap', true, ['cm']],
    ['endpoints', 'Endpoints', true, ['ep']],
    ['events', 'Event', true, ['ev']],
    ['limitranges', 'LimitRange', true, ['limits']],
    ['namespaces', 'Namespace', false, ['ns'], ['status', 'finalize']],
    ['nodes', 'Node', false, ['no'], ['status']],
    ['persistentvolumeclaims', 'PersistentVolumeClaim', true, ['pvc'], ['status']],
    ['persistentvolumes', 'PersistentVolume', false, ['pv'], ['status']],
    ['pods', 'Pod', true, ['po'], ['status', 'eviction', 'exec'], all],
    ['replicationcontrollers', 'ReplicationController', true, ['rc'], ['status', 'scale'], all],
    ['resourcequotas', 'ResourceQuota', true, ['quota'], ['status']],
    ['secrets', 'Secret', true],
    ['serviceaccounts', 'ServiceAccount', true, ['sa']],
    ['services', 'Service', true, ['svc'], ['status'], all],
  ],
  'apps/v1': [
    ['controllerrevisions', 'ControllerRevision', true],
    ['daemonsets', 'DaemonSet', true, ['ds'], ['status'], all],
    ['deployments', 'Deployment', true, ['deploy'], ['status', 'scale'], all],
    ['replicasets', 'ReplicaSet', true, ['rs'], ['status', 'scale'], all],
    ['statefulsets', 'StatefulSet', true, ['sts'], ['status', 'scale'], all],
  ],
  'batch/v1': [
    ['cronjobs', 'CronJob', true, ['cj'], ['status'], all],
    ['jobs', 'Job', true, [], ['status'], all],
  ],
  'autoscaling/v2': [['horizontalpodautoscalers', 'HorizontalPodAutoscaler', true, ['hpa'], ['status'], all]],
  'rbac.authorization.k8s.io/v1': [
    ['clusterrolebindings', 'ClusterRoleBinding', false],
    ['clusterroles', 'ClusterRole', false],
    ['rolebindings', 'RoleBinding', true],
    ['roles', 'Role', true],
  ],
  'storage.k8s.io/v1': [
    ['csidrivers', 'CSIDriver', false],
    ['csinodes', 'CSINode', false],
    ['csistoragecapacities', 'CSIStorageCapacity', true],
    ['storageclasses', 'StorageClass', false, ['sc']],
    ['volumeattachments', 'VolumeAttachment', false, [], ['status']],
  ],
  'policy/v1': [['poddisruptionbudgets', 'PodDisruptionBudget', true, ['pdb'], ['status']]],
  'networking.k8s.io/v1': [
    ['ingressclasses', 'IngressClass', false],
    ['ingresses', 'Ingress', true, ['ing'], ['status']],
    ['networkpolicies', 'NetworkPolicy', true, ['netpol']],
  ],
  'certificates.k8s.io/v1': [['certificatesigningrequests', 'CertificateSigningRequest', false, ['csr'], ['status', 'approval']]],
  'coordination.k8s.io/v1': [['leases', 'Lease', true]],
  'discovery.k8s.io/v1': [['endpointslices', 'EndpointSlice', true]],
  'events.k8s.io/v1': [['events', 'Event', true, ['ev']]],
  'scheduling.k8s.io/v1': [['priorityclasses', 'PriorityClass', false, ['pc']]],
  'node.k8s.io/v1': [['runtimeclasses', 'RuntimeClass', false]],
  'admissionregistration.k8s.io/v1': [
    ['mutatingwebhookconfigurations', 'MutatingWebhookConfiguration', false],
    ['validatingadmissionpolicies', 'ValidatingAdmissionPolicy', false, [], ['status']],
    ['validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding', false],
    ['validatingwebhookconfigurations', 'ValidatingWebhookConfiguration', false],
  ],
  'apiextensions.k8s.io/v1': [
    ['customresourcedefinitions', 'CustomResourceDefinition', false, ['crd', 'crds'], ['status'], ['api-extensions']],
  ],
  'apiregistration.k8s.io/v1': [['apiservices', 'APIService', false, [], ['status'], ['api-extensions']]],
  'authentication.k8s.io/v1': [
    ['selfsubjectreviews', 'SelfSubjectReview', false],
    ['tokenreviews', 'TokenReview', false],
  ],
  'authorization.k8s.io/v1': [
    ['localsubjectaccessreviews', 'LocalSubjectAccessReview', true],
    ['selfsubjectaccessreviews', 'SelfSubjectAccessReview', false],
    ['selfsubjectrulesreviews', 'SelfSubjectRulesReview', false],
    ['subjectaccessreviews', 'SubjectAccessReview', false],
  ],
};

/** Everything the simulated API server offers. Source: Kubernetes 1.36 API reference, stable groups. */
export const apiResources: readonly ApiResource[] = Object.entries(tables).flatMap(([groupVersion, rows]) => {
  const slash = groupVersion.indexOf('/');
  return rows.map(([plural, kind, namespaced, shortNames = [], subresources = [], categories = []]) => ({
    group: groupVersion.slice(0, slash),
    version: groupVersion.slice(slash + 1),
    plural,
    kind,
    namespaced,
    shortNames,
    subresources,
    categories,
  }));
});

const byPath = new Map(apiResources.map((resource) => [`${resource.group}/${resource.version}/${resource.plural}`, resource]));

export function findApiResource(group: string, version: string, plural: string): ApiResource | undefined {
  return byPath.get(`${group}/${version}/${plural}`);
}

/** Groups with their one version, in discovery's order; the core group is not among them. */
export function apiGroups(): { group: string; version: string }[] {
  const seen = new Map(apiResources.map(({ group, version }) => [group, version]));
  return [...seen].filter(([group]) => group !== '').map(([group, version]) => ({ group, version }));
}

/** Key of a resource in the simulated etcd. */
export function resourceKey(resource: Pick<ApiResource, 'group' | 'plural'>): string {
  return `${resource.group}/${resource.plural}`;
}

/** `group/version`, or `v1` for the core group: the apiVersion of its objects. */
export function apiVersionOf(resource: Pick<ApiResource, 'group' | 'version'>): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

const reviews = new Set(['authentication.k8s.io', 'authorization.k8s.io']);

/** Whether objects of this kind are only answered, never kept. */
export function isReview(resource: ApiResource): boolean {
  return reviews.has(resource.group);
}
