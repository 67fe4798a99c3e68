import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { heatTemplate, type Identity } from './heat-template.js';

const identity = (logicalName: string): Identity => ({
  logicalName,
  physicalName: `k1-${logicalName}`,
  resourceId: `row-${logicalName}`,
  stack: { uuid: 's', name: 'infrastructure', clusterUuid: 'c', projectId: 'p' },
});
const adapted = (type: string, properties: object, name = 'one'): Record<string, unknown> => {
  const { template } = heatTemplate({ resources: { [name]: { type, properties } } }, identity);
  return (template['resources'] as Record<string, { properties: Record<string, unknown> }>)[name]!.properties;
};
const KEY = 'jeroboam:c:row-one';

describe('a template for Heat', () => {
  it('gives names and keys, where the services take them', () => {
    assert.deepEqual(adapted('OS::Neutron::Net', {}), { name: 'k1-one', value_specs: { description: KEY } });
    assert.deepEqual(adapted('OS::Neutron::Port', { name: 'mine', value_specs: { x: 1 } }), {
      name: 'mine',
      value_specs: { description: KEY, x: 1 },
    });
    assert.deepEqual(adapted('OS::Neutron::FloatingIP', {}), { value_specs: { description: KEY } });
    assert.deepEqual(adapted('OS::Octavia::Pool', { description: 'the API' }), {
      name: 'k1-one',
      description: `the API (${KEY})`,
    });
    assert.deepEqual(adapted('OS::Octavia::Pool', { description: { get_param: 'd' } })['description'], {
      list_join: ['', [{ get_param: 'd' }, ` (${KEY})`]],
    });
    assert.deepEqual(adapted('OS::Cinder::Volume', { size: 1 }), {
      size: 1,
      name: 'k1-one',
      metadata: { jeroboam_cluster: 'c', jeroboam_resource: 'row-one' },
    });
  });

  it('never has a machine built anew for its user data', () => {
    const server = adapted('OS::Nova::Server', { name: 'n', metadata: { a: 'b' }, user_data: { get_param: 'u' } });
    assert.equal(server['user_data_update_policy'], 'IGNORE');
    assert.deepEqual(server['metadata'], { a: 'b', jeroboam_cluster: 'c', jeroboam_resource: 'row-one' });
    assert.deepEqual(server['user_data'], { get_param: 'u' });
  });

  it('has Heat leave the removal of members to their own type', () => {
    const { template } = heatTemplate({ resources: { m: { type: 'OS::Octavia::PoolMember', properties: {} } } }, identity);
    assert.deepEqual(template['resources'], {
      m: { type: 'OS::Octavia::PoolMember', properties: {}, deletion_policy: 'retain' },
    });
  });

  it('leaves out what Heat has no property for', () => {
    const listener = adapted('OS::Octavia::Listener', { protocol: 'TCP', timeout_client_data: 1, timeout_member_data: 2 });
    assert.deepEqual(Object.keys(listener).sort(), ['description', 'name', 'protocol']);
  });

  it('makes rules of a group resources of their own, for their descriptions', () => {
    const rules = [
      { remote_mode: 'remote_group_id', description: 'to Heat this would be TCP alone' },
      { remote_mode: 'remote_group_id', protocol: 'udp', description: 'among us' },
      { protocol: 'tcp', port_range_min: 6443, port_range_max: 6443, remote_ip_prefix: '10.0.0.0/24' },
      { protocol: 'tcp', port_range_min: 6443, port_range_max: 6443, remote_ip_prefix: '10.0.0.0/24' },
    ];
    const { template, parts } = heatTemplate(
      { resources: { sg: { type: 'OS::Neutron::SecurityGroup', properties: { rules } } } },
      identity,
    );
    const resources = template['resources'] as Record<string, { type: string; properties: Record<string, unknown> }>;
    assert.equal(resources['sg']?.properties['rules'], undefined);
    assert.deepEqual(Object.keys(resources), ['sg', 'sg.rule-0', 'sg.rule-1'], 'each once, and none without protocol');
    const group = { get_resource: 'sg' };
    const among = { security_group: group, protocol: 'udp', remote_group: group, description: 'among us' };
    assert.deepEqual(resources['sg.rule-0']?.properties, among);
    assert.equal(resources['sg.rule-1']?.properties['remote_ip_prefix'], '10.0.0.0/24');
    assert.deepEqual(
      [...parts],
      [
        ['sg.rule-0', 'sg'],
        ['sg.rule-1', 'sg'],
      ],
    );
  });

  it('leaves rules in their group where one of them is about going out', () => {
    const properties = adapted('OS::Neutron::SecurityGroup', { rules: [{ direction: 'egress', description: 'x' }] });
    assert.deepEqual(properties['rules'], [{ direction: 'egress' }]);
  });

  it('keeps all else as it is, but outputs that say nothing', () => {
    const document = {
      heat_template_version: '2021-04-16',
      parameters: { u: { type: 'string', hidden: true } },
      resources: {
        a: { type: 'OS::Neutron::RouterInterface', properties: { router: { get_resource: 'b' } }, depends_on: ['b'] },
      },
      outputs: { x: { value: { get_resource: 'a' } }, none: { value: null } },
    };
    const { template } = heatTemplate(document, identity);
    assert.deepEqual(template, { ...document, outputs: { x: { value: { get_resource: 'a' } } } });
  });
});
