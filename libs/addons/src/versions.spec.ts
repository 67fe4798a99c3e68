import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AddonCatalogue, addonNamed, ADDONS } from './catalogue.js';
import { keyOf, keyText } from './manifest.js';
import { ADDON_LABEL, REFERENCE_INPUT } from './render.js';
import { BUILT_IN_VERSIONS } from './versions.js';

const catalogue = new AddonCatalogue();
const MINORS = ['1.33', '1.34', '1.35', '1.36', '1.37'];

describe('the versions of add-ons', () => {
  it('mean what they meant when they were written down', () => {
    const found = BUILT_IN_VERSIONS.map(({ addon, version }) => {
      const { sha256 } = catalogue.render(addon, version, REFERENCE_INPUT) ?? { sha256: '' };
      return `${addon} ${version} ${sha256}`;
    });
    const pinned = BUILT_IN_VERSIONS.map(({ addon, version, sha256 }) => `${addon} ${version} ${sha256}`);
    assert.deepEqual(found, pinned, 'a version that has changed needs a new name, or a reason to have its checksum changed');
  });

  it('are there once, with an image for all that they name', () => {
    const names = BUILT_IN_VERSIONS.map(({ addon, version }) => `${addon} ${version}`);
    assert.equal(new Set(names).size, names.length);
    for (const { addon, version, images } of BUILT_IN_VERSIONS) {
      const used = new Set<string>();
      addonNamed(addon).render(REFERENCE_INPUT, (part) => (used.add(part), `x/${part}:1`), version);
      assert.deepEqual([...used].sort(), Object.keys(images).sort(), `${addon} ${version}`);
    }
  });

  it('exist for every minor but Cilium’s, which are the operator’s', () => {
    for (const { name } of ADDONS.filter((addon) => addon.name !== 'cilium'))
      for (const minor of MINORS) assert.notEqual(catalogue.defaultVersion(name, minor), null, `${name} for ${minor}`);
    assert.equal(catalogue.defaultVersion('cilium', '1.36'), null);
    assert.equal(catalogue.defaultVersion('calico', '1.37'), 'v3.33.0');
    assert.equal(catalogue.defaultVersion('openstack-cloud-controller-manager', '1.35'), 'v1.35.0');
  });

  it('have objects of different names, each marked as its add-on’s', () => {
    const own = new Map<string, string>();
    for (const { name } of ADDONS) {
      const { objects = [] } = catalogue.render(name, catalogue.defaultVersion(name, '1.36') ?? '', REFERENCE_INPUT) ?? {};
      for (const object of objects) {
        const key = keyText(keyOf(object));
        assert.equal(own.get(key), undefined, `${key} is in ${own.get(key)} and ${name}`);
        own.set(key, name);
        assert.equal(object.metadata.labels?.[ADDON_LABEL], name);
      }
    }
    assert.ok(own.size > 90);
  });

  it('take all images from one place where the cluster says so', () => {
    for (const { addon, version } of BUILT_IN_VERSIONS) {
      const text = JSON.stringify(
        catalogue.render(addon, version, { ...REFERENCE_INPUT, imagePrefix: 'mirror.example.org/k8s/' })?.objects,
      );
      for (const [, image] of text.matchAll(/"image":"([^"]+)"/g))
        assert.match(image ?? '', /^mirror\.example\.org\/k8s\/[^/]+:v/);
    }
  });
});
