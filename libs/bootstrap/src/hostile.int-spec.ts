import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CANARY, hostileStrings } from '../test/hostile.js';
import { OPERATOR_PLACES, USER_DATA_PLACES, USER_PLACES } from '../test/hostile-places.js';
import { bundleInput } from '../test/inputs.js';
import { renderBundle } from './bundle.js';
import { renderUserData } from './user-data.js';

const STRINGS = hostileStrings(3000);

/** Refusals that name the field; anything else is an accident on the way. */
const REFUSED = /^(invalid-(value|label)|image-without-kubernetes|cidr-overlap|(pod|service)-cidr-.+|subnet-too-small)$/;

/** Characters with which a text ends and something else begins, in shell, YAML, TOML, systemd or a path. */
const ACTIVE = /[^\u0021-\u007e]|["'`$\\(){}<>|;[\]]|\.\.|@@/;

/** The result, or undefined when the value was refused. */
function rendered(render: () => string, what: string): string | undefined {
  try {
    return render();
  } catch (error) {
    assert.match(String((error as { code?: string }).code ?? error), REFUSED, what);
    return undefined;
  }
}

test('the generator makes as many different strings as it is asked for, the same each time', () => {
  assert.equal(new Set(STRINGS).size, 3000);
  assert.deepEqual(hostileStrings(3000), STRINGS);
});

for (const [name, place] of Object.entries({ ...USER_PLACES, ...OPERATOR_PLACES })) {
  test(`3,000 hostile strings in ${name} are refused or inert`, () => {
    for (const value of STRINGS) {
      const what = `${name}: ${JSON.stringify(value)}`;
      const text = rendered(() => JSON.stringify(renderBundle(place(value))), what);
      if (text === undefined || !ACTIVE.test(value)) continue;
      assert.ok(!text.includes(JSON.stringify(value).slice(1, -1)), what);
      // A group's name becomes a label's value, of letters and digits; of all else nothing is left.
      if (name !== 'group name') assert.ok(!text.includes(CANARY), what);
    }
  });
}

test('3,000 hostile names and values of free labels leave nothing in a bundle', () => {
  for (const labels of [
    Object.fromEntries(STRINGS.map((value, index) => [`note-${index}`, value])),
    Object.fromEntries(STRINGS.map((value) => [value, 'x'])),
  ])
    assert.ok(!JSON.stringify(renderBundle(bundleInput({ cluster: { labels } }))).includes(CANARY));
});

for (const [name, place] of Object.entries(USER_DATA_PLACES)) {
  test(`3,000 hostile strings in the ${name} of user data are refused or inert`, () => {
    for (const value of STRINGS) {
      const what = `${name}: ${JSON.stringify(value)}`;
      const text = rendered(() => renderUserData(place(value)), what);
      if (text !== undefined) assert.ok(!text.includes(JSON.stringify(value).slice(1, -1)) || value === '', what);
    }
  });
}
