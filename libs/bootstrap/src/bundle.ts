import { checkLabels, InvalidInput, labelInteger, labelSwitch, labelText } from '#libs/domain';
import { adminConfig } from './admin-config.js';
import { CONTAINERD_SCRIPT, KUBEADM_SCRIPT, PREPARE_SCRIPT } from './assets.js';
import { containerdFiles } from './containerd-config.js';
import { checked } from './grammar.js';
import { auditPolicyFile, kernelFiles, proxyFiles } from './host-files.js';
import { kubeadmConfig } from './kubeadm-config.js';
import { imageVersion, kubernetesMinorOf } from './kubernetes-version.js';
import { networkPlan } from './network-plan.js';
import { pkiFiles } from './pki-files.js';
import type { Bundle, BundleFile, BundleInput, BundleStep, Mirrors } from './types.js';

export const DEFAULT_MIRRORS: Mirrors = {
  kubernetesPackages: 'https://pkgs.k8s.io/core:/stable:',
  imageRepository: 'registry.k8s.io',
  registries: {},
};

/**
 * All that a node needs to become one: files and steps, for one fetch. Deterministic. Every text that a user gave has
 * passed a grammar; scripts are constant, their values come as arguments.
 * @throws InvalidInput naming the field
 */
export function renderBundle(input: BundleInput): Bundle {
  checked('uuid', 'node id', input.node.id);
  checkKind(input);
  checkLabels(input.cluster.labels);
  const { labels } = input.cluster;
  const mirrors = { ...DEFAULT_MIRRORS, ...input.mirrors };
  const repository = checked(
    'repository',
    'image repository',
    labelText(labels, 'container_infra_prefix').replace(/\/+$/, '') || mirrors.imageRepository,
  );
  const version = checked('version', 'Kubernetes version', input.kubernetesVersion);
  const plan = networkPlan({ labels, networkDriver: input.cluster.networkDriver, existingCidr: input.nodeCidr, nodeCount: 1 });
  const files: BundleFile[] = [
    ...kernelFiles(),
    ...proxyFiles(input, plan),
    ...containerdFiles({
      pauseImage: `${repository}/pause:${kubernetesMinorOf(version)?.pause ?? '3.10'}`,
      mirrors: mirrors.registries,
      insecureRegistry: input.cluster.insecureRegistry,
    }),
    ...pkiFiles(input),
    ...adminConfig(input),
    ...(input.node.role === 'master' && labelSwitch(labels, 'audit_log_enabled') ? [auditPolicyFile()] : []),
    { path: '/run/kubeadm/kubeadm.yaml', mode: '0600', content: kubeadmConfig(input, plan, repository) },
    script('prepare', PREPARE_SCRIPT),
    script('containerd', CONTAINERD_SCRIPT),
    script('kubeadm', KUBEADM_SCRIPT),
  ];
  return {
    version: 1,
    name: checked('nodeName', 'node name', input.node.name),
    role: input.node.role,
    files,
    steps: steps(input, version, repository, mirrors),
    cleanup: ['/run/kubeadm', SCRIPTS],
  };
}

const SCRIPTS = '/run/jeroboam-scripts';
const script = (name: string, content: string): BundleFile => ({ path: `${SCRIPTS}/${name}.sh`, mode: '0700', content });

function steps(input: BundleInput, version: string, repository: string, mirrors: Mirrors): BundleStep[] {
  const minutes = input.cluster.createTimeoutMinutes > 0 ? input.cluster.createTimeoutMinutes : 60;
  const seconds = (part: number): number => Math.round(Math.min(7200, Math.max(300, (minutes * 60) / part)));
  const run = (name: string, ...options: string[]): string[] => ['/bin/bash', `${SCRIPTS}/${name}.sh`, ...options];
  const action = input.kind === 'init' ? 'init' : 'join';
  return [
    {
      name: 'prepare',
      command: run('prepare', ...prepareOptions(input, version, mirrors)),
      timeout_seconds: seconds(3),
      attempts: 3,
    },
    {
      name: 'containerd',
      command: run('containerd', '--version', version, '--repository', repository),
      timeout_seconds: seconds(6),
      attempts: 3,
    },
    {
      name: `kubeadm-${action}`,
      command: run('kubeadm', action),
      timeout_seconds: seconds(2),
      attempts: action === 'init' ? 2 : 3,
      ...(action === 'join' ? { turn: true } : {}),
    },
  ];
}

/** A prebuilt image is only checked; a stock one gets packages from the operator's mirror, pinned. */
function prepareOptions(input: BundleInput, version: string, mirrors: Mirrors): string[] {
  const { labels } = input.cluster;
  const options = ['--mode', imageVersion(input.imageProperties) === null ? 'stock' : 'prebuilt', '--version', version];
  if (imageVersion(input.imageProperties) === null) {
    const minor = version.split('.').slice(0, 2).join('.');
    const base = checked('url', 'package mirror', mirrors.kubernetesPackages.replace(/\/+$/, ''));
    options.push('--packages', `${base}/${minor}/deb`);
    if (mirrors.kubernetesPackagesKeySha256) {
      options.push('--packages-key-sha256', checked('sha256', 'package key', mirrors.kubernetesPackagesKeySha256));
    }
    options.push(...containerdOptions(labels));
  }
  if (input.dockerVolume) options.push('--docker-volume', '1');
  if (input.node.role === 'master' && labelInteger(labels, 'etcd_volume_size') > 0) options.push('--etcd-volume', '1');
  return options;
}

function containerdOptions(labels: Readonly<Record<string, string>>): string[] {
  const url = labelText(labels, 'containerd_tarball_url');
  if (url === '') return [];
  const sha256 = labelText(labels, 'containerd_tarball_sha256');
  if (sha256 === '') {
    throw new InvalidInput('invalid-label', 'Label containerd_tarball_url needs containerd_tarball_sha256.', {
      field: 'labels/containerd_tarball_sha256',
    });
  }
  return ['--containerd-url', url, '--containerd-sha256', sha256];
}

function checkKind(input: BundleInput): void {
  const role = input.kind === 'join-worker' ? 'worker' : 'master';
  if (input.node.role !== role)
    throw new InvalidInput('wrong-kind', `A ${input.node.role} cannot ${input.kind}.`, { field: 'kind' });
  if (input.kind === 'init') return;
  if (input.apiHost === null)
    throw new InvalidInput('api-host-missing', 'A node that joins needs the address of the API.', { field: 'apiHost' });
  if (input.caCertHashes.length === 0)
    throw new InvalidInput('ca-hash-missing', 'A node that joins needs the hash of the CA.', { field: 'caCertHashes' });
}
