import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { ClusterClient } from './index.js';
import { ApiServer, failure } from './test/api-server.js';

let api: ApiServer;
let kube: ClusterClient;
before(async () => {
  api = await ApiServer.start();
  kube = api.kube();
});
after(async () => {
  await kube.close();
  await api.close();
});

const volume = (volumeHandle: string, policy: string | undefined, driver = 'cinder.csi.openstack.org'): object => ({
  spec: { persistentVolumeReclaimPolicy: policy, csi: { driver, volumeHandle } },
});

it('reads, in pages, what is to outlive the cluster', async () => {
  api
    .on('GET /api/v1/persistentvolumes', ({ query }) =>
      query.get('continue') === 'more'
        ? { body: { metadata: {}, items: [volume('d', undefined), volume('twice', 'Delete')] } }
        : {
            body: {
              metadata: { continue: 'more' },
              items: [
                volume('a', 'Delete'),
                volume('b', 'Retain'),
                volume('c', 'Recycle'),
                volume('twice', 'Retain'),
                volume('nfs', 'Delete', 'nfs.csi.k8s.io'),
                { spec: { persistentVolumeReclaimPolicy: 'Delete', cinder: { volumeID: 'in-tree' } } },
                { spec: { persistentVolumeReclaimPolicy: 'Delete', hostPath: { path: '/' } } },
              ],
            },
          },
    )
    .on('GET /api/v1/services', {
      body: {
        items: [
          {
            metadata: { annotations: { 'loadbalancer.openstack.org/keep-floatingip': 'true' } },
            status: { loadBalancer: { ingress: [{ ip: '203.0.113.7' }] } },
          },
          {
            metadata: { annotations: { 'loadbalancer.openstack.org/keep-floatingip': 'yes' } },
            status: { loadBalancer: { ingress: [{ ip: '203.0.113.8' }] } },
          },
          { metadata: {}, status: { loadBalancer: {} } },
        ],
      },
    })
    .on('GET /apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents', {
      body: {
        items: [
          { spec: { deletionPolicy: 'Delete', driver: 'cinder.csi.openstack.org' }, status: { snapshotHandle: 's1' } },
          { spec: { deletionPolicy: 'Retain', driver: 'cinder.csi.openstack.org', source: { snapshotHandle: 's2' } } },
          { spec: { deletionPolicy: 'Delete', driver: 'other' }, status: { snapshotHandle: 's3' } },
        ],
      },
    });
  assert.deepEqual(await kube.reclaimFacts(), {
    volumes: { a: 'Delete', b: 'Retain', c: 'Retain', twice: 'Retain', 'in-tree': 'Delete', d: 'Retain' },
    snapshots: { s1: 'Delete', s2: 'Retain' },
    keptAddresses: ['203.0.113.7'],
  });
});

it('takes a cluster without snapshots as one that has none, and no answer as no answer', async () => {
  api.on('GET /apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents', failure(404, 'NotFound', 'the server could not find'));
  assert.deepEqual((await kube.reclaimFacts()).snapshots, {});
  api.on('GET /api/v1/services', failure(403, 'Forbidden', 'no'));
  await assert.rejects(kube.reclaimFacts());
});
