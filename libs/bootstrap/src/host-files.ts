import { stringify } from 'yaml';
import { checked, checkedNoProxy } from './grammar.js';
import { AUDIT_POLICY_PATH } from './kubeadm-config.js';
import type { NetworkPlan } from './network-plan.js';
import type { BundleFile, BundleInput } from './types.js';

/** Kernel modules and settings. The kernel.* and vm.* ones are those the kubelet insists on with protectKernelDefaults. */
export function kernelFiles(): BundleFile[] {
  const settings = {
    'fs.inotify.max_user_instances': 8192,
    'fs.inotify.max_user_watches': 524288,
    'kernel.keys.root_maxbytes': 25000000,
    'kernel.keys.root_maxkeys': 1000000,
    'kernel.panic': 10,
    'kernel.panic_on_oops': 1,
    'net.bridge.bridge-nf-call-ip6tables': 1,
    'net.bridge.bridge-nf-call-iptables': 1,
    'net.ipv4.ip_forward': 1,
    'vm.overcommit_memory': 1,
    'vm.panic_on_oom': 0,
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}\n`);
  return [
    { path: '/etc/modules-load.d/90-jeroboam.conf', mode: '0644', content: 'overlay\nbr_netfilter\n' },
    { path: '/etc/sysctl.d/90-jeroboam.conf', mode: '0644', content: lines.join('') },
  ];
}

/** Proxy settings for the container runtime, the kubelet and the package steps; nothing without a proxy. */
export function proxyFiles(input: BundleInput, plan: NetworkPlan): BundleFile[] {
  const { httpProxy, httpsProxy, noProxy } = input.cluster;
  if (!httpProxy && !httpsProxy) return [];
  const variables: Record<string, string> = {};
  if (httpProxy) variables['HTTP_PROXY'] = checked('proxy', 'http_proxy', httpProxy);
  if (httpsProxy) variables['HTTPS_PROXY'] = checked('proxy', 'https_proxy', httpsProxy);
  variables['NO_PROXY'] = noProxyOf(input, plan, noProxy ?? '').join(',');
  const both = Object.entries(variables).flatMap(([name, value]): [string, string][] => [
    [name, value],
    [name.toLowerCase(), value],
  ]);
  const dropIn = `[Service]\n${both.map(([name, value]) => `Environment="${name}=${value.replaceAll('%', '%%')}"\n`).join('')}`;
  const environment = both.map(([name, value]) => `${name}=${value}\n`).join('');
  return [
    { path: '/etc/systemd/system/containerd.service.d/20-jeroboam-proxy.conf', mode: '0600', content: dropIn },
    { path: '/etc/systemd/system/kubelet.service.d/20-jeroboam-proxy.conf', mode: '0600', content: dropIn },
    { path: '/etc/jeroboam/environment', mode: '0600', content: environment },
  ];
}

/** Everything inside the cluster is reached directly: a missing entry is the classic hang of `kubeadm init`. */
function noProxyOf(input: BundleInput, plan: NetworkPlan, given: string): string[] {
  const addresses = [...(input.apiHost === null ? [] : [input.apiHost]), ...input.apiAddresses].map((one) =>
    checked('host', 'API address', one),
  );
  return [
    ...new Set([
      ...checkedNoProxy('no_proxy', given),
      'localhost',
      '127.0.0.0/8',
      '169.254.169.254',
      plan.nodeCidr,
      plan.podCidr,
      plan.serviceCidr,
      ...addresses,
      '.svc',
      `.${plan.dnsDomain}`,
    ]),
  ];
}

/** Who did what, without the bodies of secrets. */
export function auditPolicyFile(): BundleFile {
  const policy = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [
      { level: 'None', users: ['system:kube-proxy'], verbs: ['watch'] },
      { level: 'None', nonResourceURLs: ['/healthz*', '/livez*', '/readyz*', '/version'] },
      {
        level: 'None',
        resources: [
          { group: '', resources: ['events'] },
          { group: 'coordination.k8s.io', resources: ['leases'] },
        ],
      },
      {
        level: 'Metadata',
        resources: [
          { group: '', resources: ['secrets', 'configmaps', 'serviceaccounts/token'] },
          { group: 'authentication.k8s.io', resources: ['tokenreviews'] },
        ],
      },
      { level: 'Metadata', verbs: ['get', 'list', 'watch'] },
      { level: 'Request' },
    ],
  };
  return { path: AUDIT_POLICY_PATH, mode: '0600', content: stringify(policy, { version: '1.1', lineWidth: 0 }) };
}
