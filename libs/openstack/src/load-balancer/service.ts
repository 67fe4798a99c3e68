import type { CloudSession } from '../session.js';
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

  constructor(session: CloudSession) {
    this.loadBalancers = new LoadBalancers(session);
    this.listeners = new Listeners(session);
    this.pools = new Pools(session);
    this.members = new Members(session);
    this.healthMonitors = new HealthMonitors(session);
  }
}
