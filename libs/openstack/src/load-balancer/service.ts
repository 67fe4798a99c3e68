import type { ServiceApi } from '../service-api.js';
import { HealthMonitors } from './health-monitors.js';
import { Listeners } from './listeners.js';
import { LoadBalancers } from './load-balancers.js';
import { Members } from './members.js';
import { Pools } from './pools.js';

/** Octavia. */
export class LoadBalancerService {
  readonly loadBalancers: LoadBalancers;
  readonly listeners: Listeners;
  readonly pools: Pools;
  readonly members: Members;
  readonly healthMonitors: HealthMonitors;

  constructor(api: ServiceApi) {
    this.loadBalancers = new LoadBalancers(api);
    this.listeners = new Listeners(api);
    this.pools = new Pools(api);
    this.members = new Members(api);
    this.healthMonitors = new HealthMonitors(api);
  }
}
