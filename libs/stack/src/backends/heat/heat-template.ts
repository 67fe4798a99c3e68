import type { ResourceContext } from '../../resource.js';
import { isRetained } from './retained.js';
import { describe, metadataOf } from '../../resources/identity.js';

type Properties = Readonly<Record<string, unknown>>;
interface Resource {
  readonly type: string;
  readonly properties?: Properties;
}

/** What the context of a resource's row says of its identity. */
export type Identity = Pick<ResourceContext, 'physicalName' | 'resourceId' | 'logicalName' | 'stack'>;

export interface HeatTemplate {
  readonly template: Readonly<Record<string, unknown>>;
  /** Resources that stand beside those of the template, and to which of them they belong. */
  readonly parts: ReadonlyMap<string, string>;
}

type Adapter = (properties: Properties, me: ResourceContext) => Properties;

/** Heat makes names with a random end, and none of our keys: both are given, so that objects look alike whoever made them. */
const named: Adapter = (properties, me) => ({ ...properties, name: properties['name'] ?? me.physicalName });
const described: Adapter = (properties, me) => ({ ...properties, description: description(properties['description'], me) });
const describedOnTheWire: Adapter = (properties, me) => ({
  ...properties,
  value_specs: { description: describe(me), ...mapOf(properties['value_specs']) },
});
const tagged: Adapter = (properties, me) => ({
  ...properties,
  metadata: { ...mapOf(properties['metadata']), ...metadataOf(me) },
});
/** As our own engine: a machine that stands is not built anew because what only its first boot read has changed. */
const bootedOnce: Adapter = (properties) => ({ ...properties, user_data_update_policy: 'IGNORE' });
/** What Heat has no property for is done when Heat has done its part: see `finish.ts`. */
const without =
  (...names: string[]): Adapter =>
  (properties) =>
    Object.fromEntries(Object.entries(properties).filter(([name]) => !names.includes(name)));

const ADAPTERS: Readonly<Record<string, readonly Adapter[]>> = {
  'OS::Neutron::Net': [named, describedOnTheWire],
  'OS::Neutron::Subnet': [named, describedOnTheWire],
  'OS::Neutron::Router': [named, describedOnTheWire],
  'OS::Neutron::Port': [named, describedOnTheWire],
  'OS::Neutron::FloatingIP': [describedOnTheWire],
  'OS::Neutron::SecurityGroup': [named, described],
  'OS::Nova::KeyPair': [named],
  'OS::Nova::ServerGroup': [named],
  'OS::Nova::Server': [named, tagged, bootedOnce],
  'OS::Cinder::Volume': [named, tagged],
  'OS::Octavia::LoadBalancer': [named, described],
  'OS::Octavia::Listener': [named, described, without('timeout_client_data', 'timeout_member_data')],
  'OS::Octavia::Pool': [named, described],
};

/**
 * The template as a real Heat takes it, for the same objects. Functions stay as they are: HOT is Heat's own.
 * Source: properties of heat's plugins, 2025.1.
 * @param identity of a resource by logical name
 */
export function heatTemplate(document: object, identity: (logicalName: string) => Identity): HeatTemplate {
  const { resources = {}, outputs = {}, ...rest } = document as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const parts = new Map<string, string>();
  const adapted: Record<string, unknown> = {};
  for (const [name, resource] of Object.entries(resources as Readonly<Record<string, Resource>>)) {
    const me = identity(name) as ResourceContext;
    const apart = resource.type === 'OS::Neutron::SecurityGroup' ? rulesApart(name, resource.properties) : undefined;
    const start = apart?.properties ?? resource.properties ?? {};
    const properties = (ADAPTERS[resource.type] ?? []).reduce((given, adapter) => adapter(given, me), start);
    adapted[name] = { ...resource, properties, ...(isRetained(resource.type) ? { deletion_policy: 'retain' } : {}) };
    for (const [part, rule] of Object.entries(apart?.rules ?? {})) {
      adapted[part] = rule;
      parts.set(part, name);
    }
  }
  const told = Object.entries(outputs).filter(([, output]) => (output as { value: unknown }).value !== null);
  return { template: { ...rest, resources: adapted, outputs: Object.fromEntries(told) }, parts };
}

/** Heat's groups take no description for their rules, its rules do. A list that a function makes stays where it is. */
function rulesApart(
  name: string,
  properties: Properties = {},
): { properties: Properties; rules: Readonly<Record<string, object>> } | undefined {
  const { rules, ...rest } = properties;
  if (!Array.isArray(rules)) return undefined;
  const distinct = [...new Map((rules as Properties[]).map((rule) => [JSON.stringify(rule), rule])).values()];
  // With one of these Heat's group takes Neutron's own egress rules away, as ours does; its rules do not.
  if (distinct.some((rule) => rule['direction'] === 'egress'))
    return { properties: { ...rest, rules: distinct.map(plain) }, rules: {} };
  const group = { get_resource: name };
  return {
    properties: rest,
    // To Heat's rules no protocol means TCP, to Neutron and to ours every one: those are added by our type, see `finish.ts`.
    rules: Object.fromEntries(
      distinct
        .filter(({ protocol }) => protocol !== undefined)
        .map((rule, index) => [`${name}.rule-${index}`, ruleOf(rule, group)]),
    ),
  };
}

const plain = ({ description: _untold, ...rule }: Properties): Properties => rule;

function ruleOf({ remote_mode, remote_group_id, remote_ip_prefix, ...rest }: Properties, group: object): object {
  const remote = remote_mode === 'remote_group_id' ? { remote_group: remote_group_id ?? group } : given({ remote_ip_prefix });
  return { type: 'OS::Neutron::SecurityGroupRule', properties: { security_group: group, ...rest, ...remote } };
}

function description(own: unknown, me: ResourceContext): unknown {
  if (own === undefined || typeof own === 'string') return describe(me, own);
  return { list_join: ['', [own, ` (${describe(me)})`]] };
}

const given = (values: Properties): Properties =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

const mapOf = (value: unknown): Properties =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Properties) : {};
