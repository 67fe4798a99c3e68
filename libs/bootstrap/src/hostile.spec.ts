import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LABELS } from '#libs/domain';
import { bundleInput } from '../test/inputs.js';
import { renderBundle } from './bundle.js';
import type { Bundle, BundleInput } from './types.js';

const CANARY = 'c4n4ry';
const HOSTILE = [
  `'; touch /${CANARY}; '`,
  `"; touch /${CANARY}; "`,
  `$(touch ${CANARY})`,
  `\`touch ${CANARY}\``,
  `a\nruncmd: [touch ${CANARY}]`,
  `a\r\n- ${CANARY}`,
  `{{ ${CANARY} }}`,
  `{% raw %}${CANARY}`,
  `&${CANARY} !!python/object`,
  `| ${CANARY}`,
  `../../${CANARY}`,
  `/${CANARY}/../x`,
  `${CANARY}\u0000`,
  `${CANARY}‮`,
  `${CANARY} --flag`,
  `${CANARY},x=y`,
  `@@LOCAL_IP@@ ${CANARY}`,
  `%n${CANARY}"\\`,
  `\n${CANARY}`,
];

type Place = (value: string) => BundleInput;
const cluster = (part: Partial<BundleInput['cluster']>): BundleInput => bundleInput({ cluster: part });
const worker = (part: Partial<BundleInput['node']>): BundleInput => bundleInput({ kind: 'join-worker', node: part });
const PLACES: Record<string, Place> = {
  'cluster name': (name) => cluster({ name }),
  http_proxy: (httpProxy) => cluster({ httpProxy }),
  https_proxy: (httpsProxy) => cluster({ httpsProxy }),
  'https_proxy password': (text) => cluster({ httpsProxy: `http://u:${text}@h` }),
  no_proxy: (noProxy) => cluster({ httpProxy: 'http://proxy', noProxy }),
  insecure_registry: (insecureRegistry) => cluster({ insecureRegistry }),
  network_driver: (networkDriver) => cluster({ networkDriver }),
  'node name': (name) => worker({ name }),
  'group name': (groupName) => worker({ groupName }),
  'node label key': (key) => worker({ labels: { [key]: 'x' } }),
  'node label value': (value) => worker({ labels: { key: value } }),
  'taint key': (key) => worker({ taints: [{ key, effect: 'NoSchedule' }] }),
  'taint value': (value) => worker({ taints: [{ key: 'a', value, effect: 'NoSchedule' }] }),
  kube_version: (kube_version) => bundleInput({ imageProperties: { kube_version } }),
  'API host': (apiHost) => bundleInput({ apiHost }),
  'API address': (address) => bundleInput({ apiAddresses: [address] }),
  'free label name': (name) => cluster({ labels: { [name]: 'x' } }),
  'free label value': (note) => cluster({ labels: { note } }),
  ...Object.fromEntries(
    LABELS.map(({ name }): [string, Place] => [`label ${name}`, (value) => cluster({ labels: { [name]: value } })]),
  ),
};

/** The value as it was given is nowhere in the result. */
function inert(bundle: Bundle, value: string): boolean {
  return !JSON.stringify(bundle).includes(JSON.stringify(value).slice(1, -1));
}

for (const [name, place] of Object.entries(PLACES)) {
  test(`hostile text in ${name} is refused or inert`, () => {
    for (const value of HOSTILE) {
      let bundle: Bundle;
      try {
        bundle = renderBundle(place(value));
      } catch (error) {
        assert.match((error as { code?: string }).code ?? String(error), /^invalid-(value|label)$/, JSON.stringify(value));
        continue;
      }
      assert.ok(inert(bundle, value), `${name}: ${JSON.stringify(value)}`);
    }
  });
}
