import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** One real HTTPS endpoint that stands for the APIs of many clusters, in a process of its own so that its work is not counted. */
interface Wanted {
  readonly certPem: string;
  readonly keyPem: string;
  readonly caPem: string;
  readonly nodes: readonly string[];
}

let connections = 0;
process.once('message', (wanted: Wanted) => {
  const list = JSON.stringify({
    kind: 'NodeList',
    apiVersion: 'v1',
    metadata: { resourceVersion: '1' },
    items: wanted.nodes.map(node),
  });
  const server = createServer(
    { cert: wanted.certPem, key: wanted.keyPem, ca: wanted.caPem, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const text = request.url?.startsWith('/api/v1/nodes') ? list : 'ok';
      response.writeHead(200, { 'content-type': text === 'ok' ? 'text/plain' : 'application/json' }).end(text);
    },
  );
  server.on('secureConnection', () => connections++);
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
  process.on('message', () => process.send?.({ connections }));
});

/** As large as what a kubelet says: 40 images and their names are most of it. */
function node(name: string): object {
  const now = new Date().toISOString();
  const condition = (type: string, status: string): object => ({
    type,
    status,
    reason: `Kubelet${type}`,
    message: 'as the kubelet says it',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  return {
    metadata: { name, uid: name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } },
    spec: { providerID: `openstack:///${name}` },
    status: {
      conditions: [condition('MemoryPressure', 'False'), condition('DiskPressure', 'False'), condition('Ready', 'True')],
      nodeInfo: { kubeletVersion: 'v1.36.4', containerRuntimeVersion: 'containerd://2.3.4' },
      images: Array.from({ length: 40 }, (_, i) => ({
        names: [`registry.k8s.io/image-${i}@sha256:${'0'.repeat(64)}`, `registry.k8s.io/image-${i}:v1.${i}.0`],
        sizeBytes: 30_000_000 + i,
      })),
    },
  };
}
