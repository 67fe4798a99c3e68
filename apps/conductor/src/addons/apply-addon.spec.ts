import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AddonCatalogue, REFERENCE_INPUT, type Manifest, type RenderedAddon } from '#libs/addons';
import { KubernetesError } from '#libs/kubernetes';
import { applyAddon, surplus, unionOf, type AddonClient } from './apply-addon.js';

const object = (kind: string, name: string): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'kube-system' },
});
const addon = (...objects: Manifest[]): RenderedAddon => ({ addon: 'metrics-server', version: 'v1', objects, sha256: '' });
const key = (kind: string, name: string): { apiVersion: string; kind: string; namespace: string; name: string } => ({
  apiVersion: 'v1',
  kind,
  namespace: 'kube-system',
  name,
});
const refusal = (httpStatus: number): KubernetesError =>
  new KubernetesError('no', { failure: 'answered', server: 's', method: 'PATCH', path: '/', httpStatus });
const signal = new AbortController().signal;

/** Keeps what it is asked, and fails as often as it is told. */
function recorder(failures: Record<string, Error[]> = {}): AddonClient & { readonly calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    apply: async (given) => {
      const { kind, metadata } = given as Manifest;
      calls.push(`apply ${kind} ${metadata.name}`);
      const failure = failures[metadata.name]?.shift();
      if (failure) throw failure;
      return [];
    },
    removeObject: async ({ kind, name }, label) => {
      calls.push(`remove ${kind} ${name} ${label.value}`);
      return true;
    },
  };
}

describe('applying an add-on', () => {
  it('goes by rank, then removes what a former version had, backwards', async () => {
    const client = recorder();
    const wanted = addon(object('Deployment', 'd'), object('ServiceAccount', 's'), object('Namespace', 'n'));
    const inventory = [key('ServiceAccount', 's'), key('ConfigMap', 'old'), key('DaemonSet', 'older')];
    await applyAddon(client, { name: 'metrics-server', wanted, inventory }, signal, signal);
    assert.deepEqual(client.calls, [
      'apply Namespace n',
      'apply ServiceAccount s',
      'apply Deployment d',
      'remove DaemonSet older metrics-server',
      'remove ConfigMap old metrics-server',
    ]);
    assert.deepEqual(surplus({ wanted, inventory }), [key('ConfigMap', 'old'), key('DaemonSet', 'older')]);
    assert.equal(unionOf({ wanted, inventory }).length, 5);
  });

  it('removes everything of one that is not wanted any more', async () => {
    const client = recorder();
    await applyAddon(client, { name: 'dashboard', wanted: null, inventory: [key('Deployment', 'd')] }, signal, signal);
    assert.deepEqual(client.calls, ['remove Deployment d dashboard']);
  });

  it('asks again for what the cluster does not know yet, and not for what it refuses', async () => {
    const late = recorder({ d: [refusal(404), refusal(503)] });
    await applyAddon(late, { name: 'x', wanted: addon(object('Deployment', 'd')), inventory: [] }, signal, signal);
    assert.equal(late.calls.length, 3);
    const refused = recorder({ d: [refusal(422)] });
    const task = { name: 'x', wanted: addon(object('Deployment', 'd')), inventory: [] };
    await assert.rejects(applyAddon(refused, task, signal, signal), { httpStatus: 422 });
    const impatient = recorder({ d: [refusal(503), refusal(503)] });
    await assert.rejects(applyAddon(impatient, task, signal, AbortSignal.abort()), { httpStatus: 503 });
    assert.equal(impatient.calls.length, 1);
  });

  it('a version that has less than the one before leaves nothing of it', async () => {
    const catalogue = new AddonCatalogue();
    const before = catalogue.render('dashboard', 'v2.7.0', REFERENCE_INPUT);
    assert.ok(before);
    const inventory = unionOf({ wanted: before, inventory: [] });
    const wanted = { ...before, objects: before.objects.slice(2) };
    assert.deepEqual(
      surplus({ wanted, inventory }).map(({ kind }) => kind),
      before.objects.slice(0, 2).map(({ kind }) => kind),
    );
  });
});
