import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { bundleInput } from '../test/inputs.js';
import { renderBundle } from './bundle.js';
import type { Bundle, BundleInput } from './types.js';

const content = (bundle: Bundle, path: string): string =>
  bundle.files.find((file) => file.path === path)?.content ?? assert.fail(path);
const kubeadm = (bundle: Bundle): Map<string, unknown> => {
  const documents = parseAllDocuments(content(bundle, '/run/kubeadm/kubeadm.yaml'), { version: '1.1' });
  return new Map(documents.map((document) => [String(document.get('kind')), document.toJS() as unknown]));
};
const at = (value: unknown, ...path: (string | number)[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
const argument = (value: unknown, name: string): unknown =>
  (value as { name: string; value: unknown }[]).find((one) => one.name === name)?.value;
const joinWorker = (overrides: object = {}): BundleInput => bundleInput({ kind: 'join-worker', ...overrides });

test('the first master gets init, cluster, kubelet and proxy configuration', () => {
  const input = bundleInput();
  const documents = kubeadm(renderBundle(input));
  assert.deepEqual(
    [...documents.keys()],
    ['InitConfiguration', 'ClusterConfiguration', 'KubeletConfiguration', 'KubeProxyConfiguration'],
  );
  const init = documents.get('InitConfiguration');
  assert.equal(at(init, 'apiVersion'), 'kubeadm.k8s.io/v1beta4');
  assert.equal(at(init, 'bootstrapTokens', 0, 'token'), input.bootstrapToken);
  assert.equal(at(init, 'bootstrapTokens', 0, 'ttl'), '30m0s');
  const kubelet = at(init, 'nodeRegistration', 'kubeletExtraArgs');
  assert.equal(argument(kubelet, 'provider-id'), 'openstack:///@@INSTANCE_ID@@');
  assert.equal(
    argument(kubelet, 'node-labels'),
    'magnum.openstack.org/role=master,magnum.openstack.org/nodegroup=default-master',
  );
  assert.equal(argument(kubelet, 'cloud-provider'), undefined);
  for (const name of ['controlPlaneComponentHealthCheck', 'kubernetesAPICall'])
    assert.equal(at(init, 'timeouts', name), '10m0s', name);
  const cluster = documents.get('ClusterConfiguration');
  assert.equal(at(cluster, 'kubernetesVersion'), 'v1.36.4');
  assert.equal(at(cluster, 'controlPlaneEndpoint'), '203.0.113.10:6443');
  assert.deepEqual(at(cluster, 'networking'), {
    podSubnet: '10.100.0.0/16',
    serviceSubnet: '10.254.0.0/16',
    dnsDomain: 'cluster.local',
  });
  assert.deepEqual(at(cluster, 'apiServer', 'certSANs'), ['203.0.113.10', '10.0.0.5', '127.0.0.1', 'localhost']);
  assert.equal(argument(at(cluster, 'etcd', 'local', 'extraArgs'), 'election-timeout'), '5000');
  for (const part of ['controllerManager', 'scheduler'])
    assert.equal(argument(at(cluster, part, 'extraArgs'), 'leader-elect-renew-deadline'), '40s', part);
  assert.equal(at(documents.get('KubeletConfiguration'), 'cgroupDriver'), 'systemd');
  assert.deepEqual(at(documents.get('KubeletConfiguration'), 'clusterDNS'), ['10.254.0.10']);
  assert.equal(at(documents.get('KubeProxyConfiguration'), 'mode'), 'nftables');
});

test('every argument is text, as kubeadm wants it', () => {
  const labels = {
    audit_log_enabled: 'true',
    oidc_issuer_url: 'https://id.example/',
    oidc_client_id: 'k8s',
    admission_control_list: 'PodSecurity',
  };
  const cluster = kubeadm(renderBundle(bundleInput({ cluster: { labels } }))).get('ClusterConfiguration');
  for (const part of ['apiServer', 'controllerManager', 'scheduler'])
    for (const { value } of at(cluster, part, 'extraArgs') as { value: unknown }[]) assert.equal(typeof value, 'string');
  const api = at(cluster, 'apiServer', 'extraArgs');
  assert.equal(argument(api, 'audit-log-maxage'), '30');
  assert.equal(argument(api, 'oidc-username-claim'), 'sub');
  assert.equal(argument(api, 'enable-admission-plugins'), 'NodeRestriction,PodSecurity');
});

test('the API server asks Keystone’s webhook where the cluster has it', () => {
  const webhook = '/etc/kubernetes/keystone/webhook.yaml';
  const bundle = renderBundle(bundleInput({ keystoneAuth: true }));
  const api = at(kubeadm(bundle).get('ClusterConfiguration'), 'apiServer');
  assert.equal(argument(at(api, 'extraArgs'), 'authentication-token-webhook-config-file'), webhook);
  assert.deepEqual(
    (at(api, 'extraVolumes') as { hostPath: string }[]).map(({ hostPath }) => hostPath),
    ['/etc/kubernetes/keystone'],
  );
  assert.ok(bundle.files.some(({ path }) => path === webhook));
  const without = kubeadm(renderBundle(bundleInput())).get('ClusterConfiguration');
  assert.equal(at(without, 'apiServer', 'extraVolumes'), undefined);
});

test('without a known address the first master is its own endpoint', () => {
  const documents = kubeadm(renderBundle(bundleInput({ apiHost: null, apiAddresses: [] })));
  assert.equal(at(documents.get('ClusterConfiguration'), 'controlPlaneEndpoint'), '@@LOCAL_IP@@:6443');
});

test('further masters and workers join', () => {
  const master = kubeadm(renderBundle(bundleInput({ kind: 'join-control-plane' })));
  assert.deepEqual([...master.keys()], ['JoinConfiguration']);
  assert.deepEqual(at(master.get('JoinConfiguration'), 'controlPlane'), {
    localAPIEndpoint: { advertiseAddress: '@@LOCAL_IP@@', bindPort: 6443 },
  });
  const input = joinWorker();
  const worker = kubeadm(renderBundle(input)).get('JoinConfiguration');
  assert.equal(at(worker, 'controlPlane'), undefined);
  assert.deepEqual(at(worker, 'discovery', 'bootstrapToken'), {
    token: input.bootstrapToken,
    apiServerEndpoint: '203.0.113.10:6443',
    caCertHashes: input.caCertHashes,
  });
  assert.deepEqual(at(worker, 'nodeRegistration', 'taints'), []);
});

test('masters carry the authorities, workers no key at all', () => {
  const input = bundleInput();
  const paths = renderBundle(input).files.filter((file) => file.path.startsWith('/etc/kubernetes/pki/'));
  assert.deepEqual(
    paths.map((file) => [file.path.slice('/etc/kubernetes/pki/'.length), file.mode]),
    [
      ['ca.crt', '0644'],
      ['ca.key', '0600'],
      ['signing-ca.crt', '0644'],
      ['etcd/ca.crt', '0644'],
      ['etcd/ca.key', '0600'],
      ['front-proxy-ca.crt', '0644'],
      ['front-proxy-ca.key', '0600'],
      ['sa.pub', '0644'],
      ['sa.key', '0600'],
    ],
  );
  assert.doesNotMatch(
    JSON.stringify(renderBundle(joinWorker()).files.filter((file) => !file.path.endsWith('.sh'))),
    /PRIVATE KEY/,
  );
  assert.throws(() => renderBundle(joinWorker({ controlPlane: input.controlPlane })), { code: 'keys-for-worker' });
  assert.throws(() => renderBundle({ ...input, controlPlane: undefined }), { code: 'keys-missing' });
});

test('steps: a prebuilt image is checked, a stock one gets pinned packages', () => {
  const prebuilt = renderBundle(bundleInput()).steps;
  assert.deepEqual(
    prebuilt.map((step) => [step.name, step.timeout_seconds, step.attempts]),
    [
      ['prepare', 1200, 3],
      ['containerd', 600, 3],
      ['kubeadm-init', 1800, 2],
    ],
  );
  assert.deepEqual(prebuilt[0]?.command, [
    '/bin/bash',
    '/run/jeroboam-scripts/prepare.sh',
    '--mode',
    'prebuilt',
    '--version',
    'v1.36.4',
  ]);
  const stock = renderBundle(
    joinWorker({
      imageProperties: { os_distro: 'debian' },
      dockerVolume: true,
      mirrors: { kubernetesPackages: 'https://mirror.example/k8s/' },
    }),
  );
  assert.deepEqual(stock.steps[0]?.command.slice(2), [
    '--mode',
    'packages',
    '--version',
    'v1.36.4',
    '--packages',
    'https://mirror.example/k8s/v1.36/deb',
    '--docker-volume',
    '@@VOLUME_DOCKER@@',
  ]);
  assert.equal(stock.steps.at(-1)?.name, 'kubeadm-join');
});

test('containerd: version 3, pause image and registries of the site', () => {
  const bundle = renderBundle(
    bundleInput({
      cluster: { insecureRegistry: '10.0.0.9:5000', labels: { container_infra_prefix: 'registry.example/k8s/' } },
      mirrors: { registries: { 'docker.io': 'https://mirror.example/hub' } },
    }),
  );
  const config = content(bundle, '/etc/containerd/config.toml');
  assert.match(config, /^version = 3$/m);
  assert.match(
    config,
    /^\[plugins\."io\.containerd\.cri\.v1\.images"\.pinned_images\]\nsandbox = "registry\.example\/k8s\/pause:3\.10\.2"$/m,
  );
  assert.match(config, /^SystemdCgroup = true$/m);
  // Where the add-ons put their plugins: Debian's containerd looks elsewhere of its own accord.
  assert.match(
    config,
    /^\[plugins\."io\.containerd\.cri\.v1\.runtime"\.cni\]\nbin_dirs = \["\/opt\/cni\/bin","\/usr\/lib\/cni"\]$/m,
  );
  assert.match(
    content(bundle, '/etc/jeroboam/containerd-1.toml'),
    /^\[plugins\."io\.containerd\.grpc\.v1\.cri"\.cni\]\nbin_dir = "\/opt\/cni\/bin"$/m,
  );
  assert.match(
    content(bundle, '/etc/containerd/certs.d/docker.io/hosts.toml'),
    /^server = "https:\/\/registry-1\.docker\.io"\n\n\[host\."https:\/\/mirror\.example\/hub"\]\n/,
  );
  assert.match(content(bundle, '/etc/containerd/certs.d/10.0.0.9:5000/hosts.toml'), /^skip_verify = true$/m);
});

test('behind a proxy everything of the cluster is reached directly', () => {
  const cluster = {
    httpProxy: 'http://u:p%40ss@proxy.example:3128',
    httpsProxy: 'http://proxy.example:3128',
    noProxy: 'example.org, 192.0.2.0/24',
  };
  const bundle = renderBundle(joinWorker({ cluster }));
  const direct =
    'example.org,192.0.2.0/24,localhost,127.0.0.0/8,169.254.169.254,10.0.0.0/24,10.100.0.0/16,10.254.0.0/16,203.0.113.10,10.0.0.5,.svc,.cluster.local';
  assert.ok(content(bundle, '/etc/jeroboam/environment').includes(`NO_PROXY=${direct}\n`));
  const dropIn = content(bundle, '/etc/systemd/system/containerd.service.d/20-jeroboam-proxy.conf');
  assert.ok(dropIn.includes('Environment="HTTP_PROXY=http://u:p%%40ss@proxy.example:3128"\n'));
  assert.equal(
    renderBundle(joinWorker()).files.some((file) => /proxy/.test(file.path)),
    false,
  );
});

test('labels and taints of the group; restricted labels wait for the API', () => {
  const node = {
    groupName: 'gpu pool',
    labels: { 'node-role.kubernetes.io/gpu': '', tier: 'fast' },
    taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' as const }],
  };
  const join = kubeadm(renderBundle(joinWorker({ node }))).get('JoinConfiguration');
  const labels = argument(at(join, 'nodeRegistration', 'kubeletExtraArgs'), 'node-labels');
  assert.equal(labels, 'tier=fast,magnum.openstack.org/role=worker,magnum.openstack.org/nodegroup=gpu-pool');
  assert.deepEqual(at(join, 'nodeRegistration', 'taints'), [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }]);
});

test('the same input gives the same bundle', () => {
  const input = bundleInput();
  assert.deepEqual(renderBundle(input), renderBundle(input));
});

const ARCHIVE = { url: 'https://mirror.example/kubernetes-node-linux-amd64.tar.gz', sha256: 'a'.repeat(64) };
const PLUGINS = { url: 'https://mirror.example/cni-plugins-linux-amd64.tgz', sha256: 'b'.repeat(64) };
const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

test('a system without packages gets archives with digests: the operator’s, or those of the labels', () => {
  const imageProperties = { os_distro: 'flatcar' };
  const options = (labels: Record<string, string>): readonly string[] =>
    renderBundle(
      joinWorker({
        imageProperties,
        cluster: { labels },
        mirrors: { binaries: { 'v1.36.4': { kubernetes: ARCHIVE, cni: PLUGINS } } },
      }),
    ).steps[0]?.command.slice(2) ?? [];
  const archives = ['--kubernetes-url', ARCHIVE.url, '--kubernetes-sha256', ARCHIVE.sha256, '--cni-url', PLUGINS.url];
  assert.deepEqual(options({}).slice(0, 10), ['--mode', 'binaries', '--version', 'v1.36.4', ...archives]);
  assert.deepEqual(options({}).slice(-2), ['--prefix', '/opt']);
  const own = { kube_tarball_url: 'https://own.example/k.tar.gz', kube_tarball_sha256: 'c'.repeat(64) };
  assert.deepEqual(options(own).slice(4, 8), ['--kubernetes-url', own.kube_tarball_url, '--kubernetes-sha256', 'c'.repeat(64)]);
});

test('without a place to install from the image is refused, and so is an archive without a digest', () => {
  const stock = (distro: string, labels: Record<string, string> = {}): BundleInput =>
    joinWorker({ imageProperties: { os_distro: distro }, cluster: { labels } });
  for (const distro of ['flatcar', 'fedora-coreos']) {
    assert.throws(() => renderBundle(stock(distro)), { code: 'image-without-kubernetes' });
    const labels = { kube_tarball_url: 'https://own.example/k.tar.gz' };
    assert.throws(() => renderBundle(stock(distro, labels)), { code: 'invalid-label' });
  }
});

test('each system has its own places for trust, time, and the units it needs', () => {
  const paths = (os_distro: string, kube_version?: string): string[] =>
    renderBundle(
      joinWorker({
        imageProperties: { os_distro, ...(kube_version ? { kube_version } : {}) },
        trustedPem: CERTIFICATE.repeat(2),
        timeServers: ['ntp.example', '192.0.2.1'],
        mirrors: { binaries: { 'v1.36.4': { kubernetes: ARCHIVE, cni: PLUGINS } } },
      }),
    )
      .files.map(({ path }) => path)
      .filter((path) => /jeroboam-\d|time|chrony|containerd\.service|kubelet\.service/.test(path));
  const time = ['/etc/systemd/timesyncd.conf.d/90-jeroboam.conf', '/etc/chrony/sources.d/jeroboam.sources'];
  assert.deepEqual(paths('ubuntu'), [
    '/usr/local/share/ca-certificates/jeroboam-0.crt',
    '/usr/local/share/ca-certificates/jeroboam-1.crt',
    ...time,
  ]);
  assert.deepEqual(paths('flatcar', 'v1.36.4'), [
    '/etc/ssl/certs/jeroboam-0.pem',
    '/etc/ssl/certs/jeroboam-1.pem',
    ...time,
    '/etc/systemd/system/containerd.service.d/05-jeroboam-config.conf',
  ]);
  assert.deepEqual(paths('fedora-coreos'), [
    '/etc/pki/ca-trust/source/anchors/jeroboam-0.pem',
    '/etc/pki/ca-trust/source/anchors/jeroboam-1.pem',
    '/etc/chrony.conf',
    '/etc/systemd/system/kubelet.service',
  ]);
});
