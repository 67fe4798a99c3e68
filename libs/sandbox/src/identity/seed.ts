import { newHexId } from '../cloud.js';
import type { Identity } from './identity.js';

/** Accounts of the sandbox: user, domain, roles by project, roles by domain. */
export const accounts = [
  { user: 'admin', domain: 'Default', project: 'admin', roles: ['admin'] },
  { user: 'demo', domain: 'Default', project: 'demo', roles: ['member', 'reader'] },
  { user: 'reader', domain: 'Default', project: 'demo', roles: ['reader'] },
  { user: 'other', domain: 'Default', project: 'other', roles: ['member', 'reader'] },
  { user: 'jeroboam', domain: 'Default', project: 'service', roles: ['admin', 'service'] },
  { user: 'jeroboam_domain_admin', domain: 'jeroboam', project: null, roles: ['admin'] },
] as const;

export type AccountName = (typeof accounts)[number]['user'];

/** A further entry of the catalog, such as container-infra. */
export interface CatalogEntry {
  readonly type: string;
  readonly name: string;
  /** `$(project_id)s` stands for the project. */
  readonly url: string;
}

const services: readonly CatalogEntry[] = [
  { type: 'identity', name: 'keystone', url: '{base}/identity/v3' },
  { type: 'compute', name: 'nova', url: '{base}/compute/v2.1' },
  { type: 'network', name: 'neutron', url: '{base}/network' },
  { type: 'image', name: 'glance', url: '{base}/image' },
  { type: 'load-balancer', name: 'octavia', url: '{base}/load-balancer' },
  { type: 'volumev3', name: 'cinderv3', url: '{base}/volume/v3/$(project_id)s' },
  { type: 'block-storage', name: 'cinder', url: '{base}/volume/v3/$(project_id)s' },
];

/** Domains, projects, roles, accounts and catalog of a new sandbox; an existing one keeps what it has, with these passwords. */
export function seedIdentity(
  identity: Identity,
  passwords: Readonly<Record<AccountName, string>>,
  catalog: readonly CatalogEntry[],
): void {
  const { tables } = identity;
  if (tables.domains.size === 0) {
    tables.domains.insert({ id: 'default', name: 'Default', enabled: true, description: 'The default domain' });
    tables.domains.insert({ id: newHexId(), name: 'jeroboam', enabled: true, description: 'Trustees of clusters' });
    for (const name of ['admin', 'member', 'reader', 'service']) tables.roles.insert({ id: newHexId(), name });
    for (const name of ['admin', 'demo', 'other', 'service'])
      tables.projects.insert({ id: newHexId(), name, domain_id: 'default', enabled: true, description: '', tags: [] });
    for (const account of accounts) {
      const domainId = identity.findDomain({ name: account.domain })?.id ?? '';
      const project = account.project === null ? undefined : identity.findProject({ name: account.project, domainId: 'default' });
      const user = identity.createUser({
        name: account.user,
        domainId,
        password: passwords[account.user],
        defaultProjectId: project?.id,
      });
      for (const role of account.roles) {
        identity.assign(
          identity.roleNamed(role)?.id ?? '',
          user.id,
          project === undefined ? { domainId } : { projectId: project.id },
        );
      }
      if (account.user === 'admin') identity.assign(identity.roleNamed('admin')?.id ?? '', user.id, {});
    }
    for (const entry of services) addToCatalog(identity, entry);
  }
  for (const entry of catalog) addToCatalog(identity, entry);
}

function addToCatalog(identity: Identity, entry: CatalogEntry): void {
  const { tables, cloud } = identity;
  for (const old of [...tables.services.all()].filter((row) => row.type === entry.type)) {
    for (const endpoint of tables.endpoints.by('service_id', old.id)) tables.endpoints.remove(endpoint.id);
    tables.services.remove(old.id);
  }
  const service = tables.services.insert({ id: newHexId(), type: entry.type, name: entry.name, description: '', enabled: true });
  for (const face of ['public', 'internal', 'admin']) {
    tables.endpoints.insert({
      id: newHexId(),
      service_id: service.id,
      interface: face,
      region_id: cloud.region,
      url: entry.url,
      enabled: true,
    });
  }
}
