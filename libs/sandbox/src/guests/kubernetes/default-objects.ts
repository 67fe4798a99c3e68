import type { KubeObject, Json } from './kube-object.js';

const rbacVersion = 'rbac.authorization.k8s.io/v1';
const reads = ['get', 'list', 'watch'];
const writes = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const namespacedGroups = ['', 'apps', 'autoscaling', 'batch', 'networking.k8s.io', 'policy', 'discovery.k8s.io'];

/**
 * What a new API server and kubeadm put into an empty cluster, as far as somebody looks for it: namespaces, the roles and
 * bindings that decide who may join and who is admin. Source: kubeadm 1.36, phases `bootstrap-token` and `kubeconfig`;
 * Kubernetes, default roles.
 */
export function defaultObjects(serviceIp: string): KubeObject[] {
  return [
    ...['default', 'kube-node-lease', 'kube-public', 'kube-system'].map(namespace),
    ...clusterRoles(),
    ...kubeadmBindings(),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kubernetes', namespace: 'default', labels: { component: 'apiserver', provider: 'kubernetes' } },
      spec: { type: 'ClusterIP', clusterIP: serviceIp, ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }] },
    },
  ];
}

/** A namespace as the API server keeps it. */
export function namespace(name: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}

function clusterRoles(): KubeObject[] {
  const everything = [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ];
  const inNamespace = (verbs: string[]): Json[] => [{ apiGroups: namespacedGroups, resources: ['*'], verbs }];
  return [
    clusterRole('cluster-admin', everything),
    clusterRole('admin', [
      ...inNamespace([...reads, ...writes]),
      { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: [...reads, ...writes] },
    ]),
    clusterRole('edit', inNamespace([...reads, ...writes])),
    clusterRole('view', [
      {
        apiGroups: namespacedGroups.filter((group) => group !== ''),
        resources: ['*'],
        verbs: reads,
      },
      {
        apiGroups: [''],
        resources: [
          'configmaps',
          'endpoints',
          'events',
          'limitranges',
          'namespaces',
          'persistentvolumeclaims',
          'pods',
          'pods/log',
          'replicationcontrollers',
          'resourcequotas',
          'serviceaccounts',
          'services',
        ],
        verbs: reads,
      },
    ]),
    clusterRole('system:public-info-viewer', [
      { nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'], verbs: ['get'] },
    ]),
    clusterRole('system:discovery', [
      {
        nonResourceURLs: [
          '/api',
          '/api/*',
          '/apis',
          '/apis/*',
          '/healthz',
          '/livez',
          '/openapi',
          '/openapi/*',
          '/readyz',
          '/version',
          '/version/',
        ],
        verbs: ['get'],
      },
    ]),
    clusterRole('system:basic-user', [
      {
        apiGroups: ['authorization.k8s.io'],
        resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
        verbs: ['create'],
      },
      { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
    ]),
    clusterRole('system:monitoring', [
      { nonResourceURLs: ['/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/readyz', '/readyz/*'], verbs: ['get'] },
    ]),
    clusterRole('system:node-bootstrapper', [
      {
        apiGroups: ['certificates.k8s.io'],
        resources: ['certificatesigningrequests'],
        verbs: ['create', 'get', 'list', 'watch'],
      },
    ]),
    clusterRole('system:certificates.k8s.io:certificatesigningrequests:nodeclient', [
      { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/nodeclient'], verbs: ['create'] },
    ]),
    clusterRole('system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', [
      { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/selfnodeclient'], verbs: ['create'] },
    ]),
    clusterRole('kubeadm:get-nodes', [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }]),
  ];
}

function kubeadmBindings(): KubeObject[] {
  const joiners = 'system:bootstrappers:kubeadm:default-node-token';
  return [
    clusterBinding('cluster-admin', 'cluster-admin', ['system:masters']),
    clusterBinding('kubeadm:cluster-admins', 'cluster-admin', ['kubeadm:cluster-admins']),
    clusterBinding('system:public-info-viewer', 'system:public-info-viewer', ['system:authenticated', 'system:unauthenticated']),
    clusterBinding('system:discovery', 'system:discovery', ['system:authenticated']),
    clusterBinding('system:basic-user', 'system:basic-user', ['system:authenticated']),
    clusterBinding('system:monitoring', 'system:monitoring', ['system:monitoring']),
    clusterBinding('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', [joiners]),
    clusterBinding('kubeadm:get-nodes', 'kubeadm:get-nodes', [joiners]),
    clusterBinding('kubeadm:node-autoapprove-bootstrap', 'system:certificates.k8s.io:certificatesigningrequests:nodeclient', [
      joiners,
    ]),
    clusterBinding(
      'kubeadm:node-autoapprove-certificate-rotation',
      'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
      ['system:nodes'],
    ),
    ...namedReader('kube-public', 'kubeadm:bootstrap-signer-clusterinfo', 'cluster-info', [['User', 'system:anonymous']]),
    ...namedReader('kube-system', 'kubeadm:nodes-kubeadm-config', 'kubeadm-config', [
      ['Group', 'system:nodes'],
      ['Group', joiners],
    ]),
    ...namedReader('kube-system', 'kubeadm:kubelet-config', 'kubelet-config', [
      ['Group', 'system:nodes'],
      ['Group', joiners],
    ]),
  ];
}

function namedReader(namespaceName: string, name: string, configMap: string, subjects: [string, string][]): KubeObject[] {
  const metadata = { name, namespace: namespaceName };
  return [
    {
      apiVersion: rbacVersion,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [configMap], verbs: ['get'] }],
    },
    {
      apiVersion: rbacVersion,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: subjects.map(([kind, subject]) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name: subject })),
    },
  ];
}

function clusterRole(name: string, rules: Json[]): KubeObject {
  return { apiVersion: rbacVersion, kind: 'ClusterRole', metadata: { name }, rules };
}

function clusterBinding(name: string, role: string, groups: string[]): KubeObject {
  return {
    apiVersion: rbacVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: groups.map((group) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group })),
  };
}
