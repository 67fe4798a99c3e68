import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { FaultSite } from './support/fault-site.js';
import { KubernetesDecoys } from './support/kubernetes-decoys.js';
import { KubernetesUse } from './support/kubernetes-use.js';

interface Report {
  readonly removed: { type: string; id: string; name: string }[];
  readonly kept: { type: string; id: string; reason: string }[];
  readonly left: { type: string; id: string; reason: string }[];
}

describe('what Kubernetes has made', () => {
  let on: FaultSite;
  let use: KubernetesUse;
  before(async () => {
    on = await FaultSite.start({}, { DELETE_PATIENCE_SECONDS: '3' });
    use = new KubernetesUse(on);
  });
  afterEach(() => on.heal());
  after(() => on?.close());

  const running = async (): Promise<string> => {
    const uuid = await on.create();
    assert.equal((await on.settled(uuid)).status, 'CREATE_COMPLETE');
    return uuid;
  };
  const report = (uuid: string): Promise<Report> => use.result<Report>(uuid);
  const types = (objects: readonly { type: string }[]): string[] => objects.map(({ type }) => type).sort();

  it('goes with the cluster, and only that of this cluster', async () => {
    const uuid = await running();
    const { provider, place, nodes, cloud } = await use.of(uuid);
    const web = await provider.service('default', 'web', place, nodes);
    await provider.service('default', 'internal', { ...place, externalNetworkId: null });
    const volume = await provider.claim('default', 'data', nodes[0] ?? null);
    const free = await provider.claim('default', 'free');
    await use.persist(uuid, [volume, free], 'Delete');
    const decoys = await KubernetesDecoys.make(on, cloud, uuid);

    await on.site.request('DELETE', `/clusters/${uuid}`);
    await use.gone(uuid);
    await decoys.assertUntouched();
    const { removed, kept } = await report(uuid);
    assert.deepEqual(types(removed), [
      'floating-ip',
      'load-balancer',
      'load-balancer',
      'security-group',
      'security-group',
      'volume',
      'volume',
    ]);
    assert.deepEqual(kept, []);
    assert.ok(removed.some(({ id }) => id === web.balancer.id));
    const events = await use.events(uuid, 'delete.removed');
    assert.ok(
      events.some((message) => message.startsWith('removed load-balancer kube_service_')),
      events.join('\n'),
    );
    await decoys.remove();
    await on.assertEmpty();
  });
});
