import type { ServiceApi } from '../service-api.js';
import { FloatingIps } from './floating-ips.js';
import { Networks } from './networks.js';
import { Ports } from './ports.js';
import { Routers } from './routers.js';
import { SecurityGroupRules } from './security-group-rules.js';
import { SecurityGroups } from './security-groups.js';
import { Subnets } from './subnets.js';

/** What Neutron takes tags for, as its paths spell it. */
export type Taggable = 'networks' | 'subnets' | 'routers' | 'ports' | 'security-groups' | 'floatingips';

/** Neutron. */
export class NetworkService {
  readonly networks: Networks;
  readonly subnets: Subnets;
  readonly routers: Routers;
  readonly ports: Ports;
  readonly securityGroups: SecurityGroups;
  readonly securityGroupRules: SecurityGroupRules;
  readonly floatingIps: FloatingIps;

  constructor(private readonly api: ServiceApi) {
    this.networks = new Networks(api);
    this.subnets = new Subnets(api);
    this.routers = new Routers(api);
    this.ports = new Ports(api);
    this.securityGroups = new SecurityGroups(api);
    this.securityGroupRules = new SecurityGroupRules(api);
    this.floatingIps = new FloatingIps(api);
  }

  /** The tags of an object, all at once. Needs Neutron's extension `standard-attr-tag`. */
  async replaceTags(kind: Taggable, id: string, tags: readonly string[]): Promise<void> {
    await this.api.call({
      service: 'network',
      method: 'PUT',
      template: `/${kind}/{id}/tags`,
      params: { id },
      body: { tags },
    });
  }
}
