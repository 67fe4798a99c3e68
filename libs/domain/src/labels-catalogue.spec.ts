import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LABELS, LABEL_DEFINITIONS, checkLabels, labelInteger, labelList, labelSwitch, labelText } from './labels-catalogue.js';

test('every label is there once and its default is good', () => {
  assert.equal(LABEL_DEFINITIONS.size, LABELS.length);
  assert.deepEqual(checkLabels(Object.fromEntries(LABELS.map((label) => [label.name, label.default]))), {
    ignored: [],
    unknown: [],
  });
});

test('reads values, else defaults', () => {
  assert.equal(labelText({}, 'fixed_subnet_cidr'), '10.0.0.0/24');
  assert.equal(labelText({ fixed_subnet_cidr: '' }, 'fixed_subnet_cidr'), '10.0.0.0/24');
  assert.equal(labelInteger({ boot_volume_size: '20' }, 'boot_volume_size'), 20);
  assert.deepEqual(labelList({ master_lb_allowed_cidrs: '10.0.0.0/8, 192.0.2.7' }, 'master_lb_allowed_cidrs'), [
    '10.0.0.0/8',
    '192.0.2.7',
  ]);
  assert.equal(labelSwitch({ octavia_lb_healthcheck: 'False' }, 'octavia_lb_healthcheck'), false);
  assert.equal(labelSwitch({}, 'master_lb_floating_ip_enabled', true), true);
});

test('says which labels have no effect', () => {
  assert.deepEqual(checkLabels({ etcd_tag: '1', team: 'x', monitoring_enabled: 'true' }), {
    ignored: ['etcd_tag', 'monitoring_enabled'],
    unknown: ['team'],
  });
});

test('a bad value is refused, naming label and expectation', () => {
  assert.throws(() => checkLabels({ boot_volume_size: 'big' }), {
    code: 'invalid-label',
    message: 'Label boot_volume_size has the value "big", expecting an integer between 0 and 65536.',
    fields: { field: 'labels/boot_volume_size' },
  });
});

test('hostile text matches no grammar', () => {
  const hostile = [
    "'",
    '"',
    '\n',
    'a\nb',
    '$(id)',
    '`id`',
    '{{ x }}',
    '{% raw %}',
    'a: b',
    '- a',
    '&a',
    '*a',
    '!!x',
    '../..',
    'a;b',
    'a|b',
    'a\\b',
    '\u0000',
    '‮',
    '%0a',
    "a'b",
    '10.0.0.0/24\n',
    '__proto__\n',
  ];
  for (const { name, format } of LABELS)
    for (const value of hostile) {
      if (format.kind === 'text' && format.what === 'an https URL') continue;
      assert.throws(() => checkLabels({ [name]: value }), { code: 'invalid-label' }, `${name} ${JSON.stringify(value)}`);
    }
  for (const value of hostile)
    assert.throws(() => checkLabels({ oidc_issuer_url: `https://a/${value}\n` }), { code: 'invalid-label' });
  assert.throws(() => labelText({ constructor: 'x' }, 'constructor'));
});
