import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { AddonCatalogue } from './catalogue.js';
import { REFERENCE_INPUT, sha256Of } from './render.js';
import { InvalidManifests, readSiteManifests } from './site-manifests.js';

const MANIFEST = `
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
data: {cluster-pool-ipv4-cidr: "@@POD_CIDR@@", other: "@@NOPE@@"}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: cilium, namespace: kube-system}
`;

describe('manifests of the operator’s own', () => {
  const directory = mkdtempSync(join(tmpdir(), 'manifests-'));
  after(() => rmSync(directory, { recursive: true }));
  const index = (change: object = {}): void => {
    const files = [{ path: 'cilium.yaml', sha256: sha256Of(MANIFEST) }];
    const entry = { addon: 'cilium', version: 'v1.20.3', kubernetes: ['1.36'], files, ...change };
    writeFileSync(join(directory, 'index.json'), JSON.stringify({ addons: [entry] }));
  };
  writeFileSync(join(directory, 'cilium.yaml'), MANIFEST);

  it('are versions like ours, with the cluster’s values put in', async () => {
    index();
    const catalogue = new AddonCatalogue(await readSiteManifests(directory));
    assert.equal(catalogue.defaultVersion('cilium', '1.36'), 'v1.20.3');
    assert.equal(catalogue.defaultVersion('cilium', '1.35'), null);
    const rendered = catalogue.render('cilium', 'v1.20.3', REFERENCE_INPUT);
    assert.deepEqual(rendered?.objects[0]?.['data'], { 'cluster-pool-ipv4-cidr': '10.100.0.0/16', other: '@@NOPE@@' });
    assert.equal(rendered?.objects.length, 2);
  });

  it('are refused with another digest, outside of the folder, under a name that is ours, or as no manifests', async () => {
    const refused: readonly (readonly [object, RegExp])[] = [
      [{ files: [{ path: 'cilium.yaml', sha256: '0'.repeat(64) }] }, /has the digest/],
      [{ files: [{ path: '../x.yaml', sha256: '0'.repeat(64) }] }, /outside/],
      [{ files: [{ path: 'none.yaml', sha256: '0'.repeat(64) }] }, /cannot be read/],
      [{ addon: 'flannel', version: 'v0.28.9' }, /is there already/],
      [{ addon: 'weave' }, /index\.json/],
      [{ kubernetes: [] }, /index\.json/],
    ];
    for (const [change, words] of refused) {
      index(change);
      await assert.rejects(
        readSiteManifests(directory),
        (error) => error instanceof InvalidManifests && words.test(error.message),
      );
    }
  });
});
