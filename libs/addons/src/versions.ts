import type { AddonName } from './definition.js';

/** A version of an add-on that we render ourselves. */
export interface BuiltInVersion {
  readonly addon: AddonName;
  readonly version: string;
  /** Minors of Kubernetes that it is for. */
  readonly kubernetes: readonly string[];
  /** Images by the name that the add-on calls them. */
  readonly images: Readonly<Record<string, string>>;
  /** Of the text that it renders for `REFERENCE_INPUT`: what a version means cannot change unseen. */
  readonly sha256: string;
}

const ALL = ['1.33', '1.34', '1.35', '1.36', '1.37'];

type Row = readonly [version: string, kubernetes: readonly string[], images: Readonly<Record<string, string>>, sha256: string];
const rows = (addon: AddonName, list: readonly Row[]): BuiltInVersion[] =>
  list.map(([version, kubernetes, images, sha256]) => ({ addon, version, kubernetes, images, sha256 }));

const flannel = (version: string, plugin: string): Record<string, string> => ({
  flannel: `ghcr.io/flannel-io/flannel:${version}`,
  'cni-plugin': `ghcr.io/flannel-io/flannel-cni-plugin:${plugin}`,
});
const calico = (version: string, cni = 'cni', controllers = 'kube-controllers'): Record<string, string> => ({
  node: `quay.io/calico/node:${version}`,
  cni: `quay.io/calico/${cni}:${version}`,
  'kube-controllers': `quay.io/calico/${controllers}:${version}`,
});
const occm = (version: string): Record<string, string> => ({
  'controller-manager': `registry.k8s.io/provider-os/openstack-cloud-controller-manager:${version}`,
});
const storage = (name: string, version: string): string => `registry.k8s.io/sig-storage/${name}:${version}`;
const cinder = (
  version: string,
  [attacher, provisioner, snapshotter, resizer, registrar, probe]: readonly [string, string, string, string, string, string],
): Record<string, string> => ({
  plugin: `registry.k8s.io/provider-os/cinder-csi-plugin:${version}`,
  attacher: storage('csi-attacher', attacher),
  provisioner: storage('csi-provisioner', provisioner),
  snapshotter: storage('csi-snapshotter', snapshotter),
  resizer: storage('csi-resizer', resizer),
  'node-driver-registrar': storage('csi-node-driver-registrar', registrar),
  livenessprobe: storage('livenessprobe', probe),
});
const webhook = (version: string): Record<string, string> => ({
  webhook: `registry.k8s.io/provider-os/k8s-keystone-auth:${version}`,
});
const coredns = (version: string): Record<string, string> => ({ coredns: `registry.k8s.io/coredns/coredns:${version}` });
const autoscaler = (version: string): Record<string, string> => ({
  'cluster-autoscaler': `registry.k8s.io/autoscaling/cluster-autoscaler:${version}`,
});

/**
 * Versions for the minors of Kubernetes; of those that fit, the first is taken. A new version is a line here: its checksum
 * is told by `versions.spec.ts`. Sources: the projects' releases and compatibility tables, read in November 2026.
 */
export const BUILT_IN_VERSIONS: readonly BuiltInVersion[] = [
  ...rows('flannel', [
    ['v0.28.9', ALL, flannel('v0.28.9', 'v1.9.1-flannel3'), '8c9c724e8ae815a8967b29052037482c828b674823e60a85f326ecef9af0ae38'],
    [
      'v0.27.4',
      ['1.33', '1.34', '1.35'],
      flannel('v0.27.4', 'v1.8.0-flannel1'),
      '1bd61536848e49befe58d5095bdc27182f2f07efad750dba82e20699a21946ec',
    ],
  ]),
  ...rows('calico', [
    ['v3.32.1', ['1.34', '1.35', '1.36'], calico('v3.32.1'), 'dff578f8a37952ed391adc309c6ca08333407889b2af75f4a217a1493641be19'],
    ['v3.31.3', ['1.33', '1.34', '1.35'], calico('v3.31.3'), '6c569c14daa695b55dc84b235e1838cca4300a05eba41077ab624e7558a3e65d'],
    [
      'v3.33.0',
      ['1.35', '1.36', '1.37'],
      calico('v3.33.0', 'calico', 'calico'),
      '5e1c089999eaba4d08bd79890ba19918865098180cd6a0c3805b93bb48c83adf',
    ],
  ]),
  ...rows('openstack-cloud-controller-manager', [
    ['v1.36.0', ['1.36', '1.37'], occm('v1.36.0'), '498429835a28dd9f5b1f21772b45cc3e00a972b678b6173eaadd02c6080a1d84'],
    ['v1.35.0', ['1.35'], occm('v1.35.0'), 'be044cbceaf7e7dd55c2ef163ef20951021b1abd897270efa3a5db9c54a80910'],
    ['v1.34.1', ['1.34'], occm('v1.34.1'), 'ccf2a2844294f8134e60317597e372155f8068933e7c965c84729a06ff02ec66'],
    ['v1.33.1', ['1.33'], occm('v1.33.1'), '7bcf2e07610990595416240b9642705a119a685f999264ea7303fce1c96fab7e'],
  ]),
  ...rows('coredns', [
    ['v1.14.6', ['1.37'], coredns('v1.14.6'), '045b7ea9efdc926e7bf73ba5ab45d2355cfaa9c1f9209b20d63ee27431129be3'],
    ['v1.14.2', ['1.36'], coredns('v1.14.2'), 'c634161b26de839310c3cd036b9aaeb93bef7459503755dbe0260d7f02926312'],
    ['v1.13.1', ['1.35'], coredns('v1.13.1'), '177df0359834467466d747224cfbb9052be3fe93178f6bef00ffd714f6c9be24'],
    ['v1.12.1', ['1.34'], coredns('v1.12.1'), '386981db3c4df0ff05e0ba8d238a512ec64feb3370563d47e9717f0cea5f75b6'],
    ['v1.12.0', ['1.33'], coredns('v1.12.0'), '77ade7a0b9262e3a92e684876529585375e620ca3c898cb6eed31314013be9bd'],
  ]),
  ...rows('cinder-csi', [
    [
      'v1.36.0',
      ['1.36', '1.37'],
      cinder('v1.36.0', ['v4.10.0', 'v5.3.0', 'v8.4.0', 'v1.14.0', 'v2.15.0', 'v2.17.0']),
      'e4d74e3101c57cd8941f43544a8c76a8a6ed025e8f9fe1e64a4810252fe71916',
    ],
    [
      'v1.35.0',
      ['1.35'],
      cinder('v1.35.0', ['v4.10.0', 'v5.3.0', 'v8.4.0', 'v1.14.0', 'v2.15.0', 'v2.17.0']),
      '7060c091bf0faa84261606b217165b2c3b7aebd5c78fe0b74c205f6a4362f144',
    ],
    [
      'v1.34.1',
      ['1.34'],
      cinder('v1.34.1', ['v4.7.0', 'v5.1.0', 'v8.1.0', 'v1.12.0', 'v2.12.0', 'v2.14.0']),
      'de8144272c27dc051d829f778e647cdc807eb1df4391ca8db6fd554088329e75',
    ],
    [
      'v1.33.1',
      ['1.33'],
      cinder('v1.33.1', ['v4.7.0', 'v5.1.0', 'v8.1.0', 'v1.12.0', 'v2.12.0', 'v2.14.0']),
      'e97ac0087bc46270951b842729f6dfa5fbab86ed2f6362463d212a1d2c840c02',
    ],
  ]),
  ...rows('metrics-server', [
    [
      'v0.8.1',
      ALL,
      { 'metrics-server': 'registry.k8s.io/metrics-server/metrics-server:v0.8.1' },
      '22794ce66349860571bbd9219173fdb061edcbefa230e57f1e2ad608c253ece4',
    ],
    [
      'v0.8.0',
      ALL,
      { 'metrics-server': 'registry.k8s.io/metrics-server/metrics-server:v0.8.0' },
      'e90b022b9b4bea873a18a7395280c980667c7b9a0811c6115be647455eb5be1e',
    ],
  ]),
  ...rows('cluster-autoscaler', [
    ['v1.36.0', ['1.36', '1.37'], autoscaler('v1.36.0'), '36161870682d0174752e2f02fb56e114a40ec4b9ebdf9e88cfde76623aeebd65'],
    ['v1.35.0', ['1.35'], autoscaler('v1.35.0'), 'c85b53306e609eeb0c8e6f554fdea7039f3b2b41dda89e4e4e0c7c3a89b6f0f0'],
    ['v1.34.0', ['1.34'], autoscaler('v1.34.0'), 'da1399e97418208a087fe25337ad9f076247936b39bb1bb63d95bab31fbd4789'],
    ['v1.33.0', ['1.33'], autoscaler('v1.33.0'), 'c74fbd6a2c16dee716bbecb509f6a1d105aaedccf0c838bf2f4eea60143b2357'],
  ]),
  ...rows('keystone-auth', [
    ['v1.36.0', ['1.36', '1.37'], webhook('v1.36.0'), '807759ed9c6a62b17b2f5d07433aa34ba234580a59fa837b97859f17b2e2b302'],
    ['v1.35.0', ['1.35'], webhook('v1.35.0'), 'aff20da4e196bde243ee6d391cc09c886ab0dd84f17e15f37561a744109bef71'],
    ['v1.34.1', ['1.34'], webhook('v1.34.1'), 'ceac1d5e0ed5837ae4190c9aa1e49bde0278505f2b57a12c3dfe1810d1655015'],
    ['v1.33.1', ['1.33'], webhook('v1.33.1'), 'bc7e8a891fc3651e955403e16442ec53eca338b292d01dbb0e8660468ce4de70'],
  ]),
  ...rows('node-problem-detector', [
    [
      'v1.34.0',
      ALL,
      { detector: 'registry.k8s.io/node-problem-detector/node-problem-detector:v1.34.0' },
      'a92d59e7ab54291cccc02e639854845da6dcc08924d27b2d13091cb10db8c603',
    ],
  ]),
  ...rows('dashboard', [
    [
      'v2.7.0',
      ALL,
      { dashboard: 'docker.io/kubernetesui/dashboard:v2.7.0' },
      'c79c72aead9d981be970832cf0778842ed56825f53397c61c47b36f5f174d487',
    ],
  ]),
];
