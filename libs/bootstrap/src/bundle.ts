import { checkLabels, InvalidInput, labelInteger, labelSwitch, labelText } from '#libs/domain';
import { adminConfig } from './admin-config.js';
import { CONTAINERD_SCRIPT, KUBEADM_SCRIPT, PREPARE_SCRIPT } from './assets.js';
import { containerdFiles } from './containerd-config.js';
import { checked } from './grammar.js';
import { auditPolicyFile, kernelFiles, proxyFiles } from './host-files.js';
import { keystoneWebhookFile } from './keystone-webhook.js';
import { kubeadmConfig } from './kubeadm-config.js';
import { DEFAULT_MIRRORS, installationOf, labelledArtifact, type Installation } from './installation.js';
import { kubernetesMinorOf } from './kubernetes-version.js';
import { networkPlan } from './network-plan.js';
import { pkiFiles } from './pki-files.js';
import { distroOfNode, prefixOf, systemFiles } from './system-files.js';
import type { Artifact, Bundle, BundleFile, BundleInput, BundleStep } from './types.js';

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
  const installation = installationOf({ ...input, labels, version });
  const files: BundleFile[] = [
    ...kernelFiles(),
    ...systemFiles(input, installation),
    ...proxyFiles(input, plan),
    ...containerdFiles({
      pauseImage: `${repository}/pause:${kubernetesMinorOf(version)?.pause ?? '3.10'}`,
      mirrors: mirrors.registries,
      insecureRegistry: input.cluster.insecureRegistry,
    }),
    ...pkiFiles(input),
    ...adminConfig(input),
    ...(input.node.role === 'master' && labelSwitch(labels, 'audit_log_enabled') ? [auditPolicyFile()] : []),
    ...(input.node.role === 'master' ? [keystoneWebhookFile()] : []),
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
    steps: steps(input, version, repository, installation),
    cleanup: ['/run/kubeadm', SCRIPTS],
  };
}

const SCRIPTS = '/run/jeroboam-scripts';
const script = (name: string, content: string): BundleFile => ({ path: `${SCRIPTS}/${name}.sh`, mode: '0700', content });

function steps(input: BundleInput, version: string, repository: string, installation: Installation): BundleStep[] {
  const minutes = input.cluster.createTimeoutMinutes > 0 ? input.cluster.createTimeoutMinutes : 60;
  const seconds = (part: number): number => Math.round(Math.min(7200, Math.max(300, (minutes * 60) / part)));
  const run = (name: string, ...options: string[]): string[] => ['/bin/bash', `${SCRIPTS}/${name}.sh`, ...options];
  const action = input.kind === 'init' ? 'init' : 'join';
  return [
    {
      name: 'prepare',
      command: run('prepare', ...prepareOptions(input, version, installation)),
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

/** A prebuilt image is only checked; a stock one gets pinned packages or archives. */
function prepareOptions(input: BundleInput, version: string, installation: Installation): string[] {
  const { labels } = input.cluster;
  const prefix = prefixOf(distroOfNode(input));
  const options = ['--mode', installation.mode, '--version', version];
  const archive = (name: string, { url, sha256 }: Artifact): void =>
    void options.push(`--${name}-url`, url, `--${name}-sha256`, sha256);
  if (installation.mode === 'packages') {
    options.push('--packages', installation.repository);
    if (installation.keySha256) options.push('--packages-key-sha256', checked('sha256', 'package key', installation.keySha256));
  }
  if (installation.mode === 'binaries') {
    archive('kubernetes', installation.kubernetes);
    archive('cni', installation.cni);
  }
  const containerd = installation.mode === 'prebuilt' ? null : labelledArtifact(labels, 'containerd_tarball');
  if (containerd) archive('containerd', containerd);
  if (prefix !== '/usr/local') options.push('--prefix', prefix);
  if (input.trustedPem) options.push('--trust', '1');
  if ((input.timeServers ?? []).length > 0) options.push('--time', '1');
  if (input.dockerVolume) options.push('--docker-volume', '@@VOLUME_DOCKER@@');
  if (input.node.role === 'master' && labelInteger(labels, 'etcd_volume_size') > 0) {
    options.push('--etcd-volume', '@@VOLUME_ETCD@@');
  }
  return options;
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
