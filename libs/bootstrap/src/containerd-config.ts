import { checked } from './grammar.js';
import { renderToml } from './toml.js';
import type { BundleFile } from './types.js';

export interface ContainerdInput {
  /** Full reference of the pause image. */
  readonly pauseImage: string;
  /** Registry host -> mirror URL. */
  readonly mirrors: Readonly<Record<string, string>>;
  /** `host[:port]` of a registry without TLS. */
  readonly insecureRegistry: string | null;
}

const CERTS = '/etc/containerd/certs.d';
/** Where network add-ons put their plugins. Debian's containerd looks, unless told, only where Debian's own are. */
const CNI_PLUGINS = '/opt/cni/bin';
const DEBIAN_PLUGINS = '/usr/lib/cni';
const RUNC = { runtime_type: 'io.containerd.runc.v2', options: { SystemdCgroup: true } };

/** containerd's configuration (version 3, and 2 beside it for containerd 1.x, which the node puts in place) and its registries. */
export function containerdFiles(input: ContainerdInput): BundleFile[] {
  const version3 = {
    version: 3,
    imports: ['/etc/containerd/conf.d/*.toml'],
    plugins: {
      'io.containerd.cri.v1.images': { pinned_images: { sandbox: input.pauseImage }, registry: { config_path: CERTS } },
      'io.containerd.cri.v1.runtime': {
        containerd: { runtimes: { runc: RUNC } },
        cni: { bin_dirs: [CNI_PLUGINS, DEBIAN_PLUGINS] },
      },
    },
  };
  const version2 = {
    version: 2,
    imports: ['/etc/containerd/conf.d/*.toml'],
    plugins: {
      'io.containerd.grpc.v1.cri': {
        sandbox_image: input.pauseImage,
        containerd: { runtimes: { runc: RUNC } },
        cni: { bin_dir: CNI_PLUGINS },
        registry: { config_path: CERTS },
      },
    },
  };
  return [
    { path: '/etc/containerd/config.toml', mode: '0644', content: renderToml(version3) },
    { path: '/etc/jeroboam/containerd-1.toml', mode: '0644', content: renderToml(version2) },
    ...Object.entries(input.mirrors).map(([registry, mirror]) => mirrorFile(registry, mirror)),
    ...(input.insecureRegistry ? [insecureFile(input.insecureRegistry)] : []),
  ];
}

/** Docker Hub's name and its server differ. */
const SERVERS: Readonly<Record<string, string>> = { 'docker.io': 'https://registry-1.docker.io' };

function mirrorFile(registry: string, mirror: string): BundleFile {
  const host = checked('registry', 'registry mirror', registry);
  const url = checked('mirrorUrl', `mirror of ${host}`, mirror);
  const content = renderToml({
    server: SERVERS[host] ?? `https://${host}`,
    host: { [url]: { capabilities: ['pull', 'resolve'] } },
  });
  return { path: `${CERTS}/${host}/hosts.toml`, mode: '0644', content };
}

function insecureFile(registry: string): BundleFile {
  const host = checked('registry', 'insecure_registry', registry);
  const url = `http://${host}`;
  const content = renderToml({ server: url, host: { [url]: { capabilities: ['pull', 'resolve'], skip_verify: true } } });
  return { path: `${CERTS}/${host}/hosts.toml`, mode: '0644', content };
}
