type Properties = Readonly<Record<string, unknown>>;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What Heat calls by a number or by one half of it, as our own types call it. Source: heat's plugins, `resource_id_set`. */
const CONVERTED: Readonly<Record<string, (heatId: string, properties: Properties) => string>> = {
  'OS::Neutron::FloatingIPAssociation': (_id, p) => `${text(p['floatingip_id'])}:${text(p['port_id'])}`,
  'OS::Cinder::VolumeAttachment': (_id, p) => `${text(p['instance_uuid'])}/${text(p['volume_id'])}`,
  'OS::Octavia::PoolMember': (id, p) => `${text(p['pool'])}/${id}`,
};

export const isConverted = (type: string): boolean => Object.hasOwn(CONVERTED, type);

/** The object's id as the rows keep it, whoever made the object. @param properties resolved */
export const physicalIdOf = (type: string, heatId: string, properties: Properties): string =>
  CONVERTED[type]?.(heatId, properties) ?? heatId;
