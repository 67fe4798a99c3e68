import { distroOf, type Distro } from '#libs/domain';
import { checked } from './grammar.js';
import type { Installation } from './installation.js';
import type { BundleFile, BundleInput } from './types.js';

/** Where programs go that are no packages: /usr is read-only on both, and /usr/local on Flatcar too. */
const PREFIX: Readonly<Record<string, string>> = { flatcar: '/opt' };
export const prefixOf = (distro: Distro): string => PREFIX[distro.name] ?? '/usr/local';

/** Where each system looks for further authorities, one certificate in a file. */
const TRUSTED: Readonly<Record<string, (n: number) => string>> = {
  flatcar: (n) => `/etc/ssl/certs/jeroboam-${n}.pem`,
  'fedora-coreos': (n) => `/etc/pki/ca-trust/source/anchors/jeroboam-${n}.pem`,
};
const DEBIAN_TRUSTED = (n: number): string => `/usr/local/share/ca-certificates/jeroboam-${n}.crt`;

const plain = (path: string, content: string): BundleFile => ({ path, mode: '0644', content });

/** What differs between the systems: trust, time, the runtime's unit, and the kubelet's where no package brings it. */
export function systemFiles(input: BundleInput, installation: Installation): BundleFile[] {
  const distro = distroOfNode(input);
  return [
    ...trustFiles(input, distro),
    ...timeFiles(input, distro),
    ...(distro.name === 'flatcar' ? [FLATCAR_CONTAINERD] : []),
    ...(installation.mode === 'binaries' ? [kubeletUnit(prefixOf(distro))] : []),
  ];
}

export function distroOfNode(input: BundleInput): Distro {
  const name = input.imageProperties['os_distro'];
  return distroOf(typeof name === 'string' ? name : null);
}

function trustFiles(input: BundleInput, distro: Distro): BundleFile[] {
  if (!input.trustedPem) return [];
  const pem = checked('certificate', 'further authorities', input.trustedPem);
  const place = TRUSTED[distro.name] ?? DEBIAN_TRUSTED;
  const all = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return all.map((one, index) => plain(place(index), `${one}\n`));
}

/** systemd-timesyncd or chrony, whichever runs. Fedora CoreOS has chrony, which reads one file. */
function timeFiles(input: BundleInput, distro: Distro): BundleFile[] {
  const servers = (input.timeServers ?? []).map((server) => checked('host', 'time server', server));
  if (servers.length === 0) return [];
  const sources = servers.map((server) => `server ${server} iburst\n`).join('');
  if (distro.name === 'fedora-coreos') {
    return [plain('/etc/chrony.conf', `${sources}driftfile /var/lib/chrony/drift\nmakestep 1.0 3\nrtcsync\n`)];
  }
  return [
    plain('/etc/systemd/timesyncd.conf.d/90-jeroboam.conf', `[Time]\nNTP=${servers.join(' ')}\n`),
    plain('/etc/chrony/sources.d/jeroboam.sources', sources),
  ];
}

/** Flatcar's own unit reads a file below /usr. Source: flatcar.org, Customizing Docker, Use a custom containerd configuration. */
const FLATCAR_CONTAINERD = plain(
  '/etc/systemd/system/containerd.service.d/05-jeroboam-config.conf',
  '[Service]\nExecStart=\nExecStart=/usr/bin/containerd\n',
);

/** As kubeadm expects it. Source: kubernetes.io, Configuring each kubelet in your cluster using kubeadm. */
function kubeletUnit(prefix: string): BundleFile {
  const text = `[Unit]
Description=kubelet
Wants=network-online.target
After=network-online.target containerd.service
StartLimitIntervalSec=0

[Service]
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=${prefix}/bin/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml $KUBELET_KUBEADM_ARGS
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
`;
  return plain('/etc/systemd/system/kubelet.service', text);
}
