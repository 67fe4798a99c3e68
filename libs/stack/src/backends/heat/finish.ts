import type { ResourceContext } from '../../resource.js';
import { cloudOf } from '../../resources/answers.js';
import { unlessBusy } from '../../resources/octavia/busy.js';

type Properties = Readonly<Record<string, unknown>>;
type Finisher = (ctx: ResourceContext, id: string, properties: Properties) => Promise<void>;

/**
 * What Heat's types have no property for, set when Heat has made the object. May be repeated.
 * Source: heat engine/resources/openstack, 2025.1: no timeouts of listeners, no names of members and monitors; a
 * SecurityGroupRule without protocol is TCP.
 */
const FINISHERS: Readonly<Record<string, Finisher>> = {
  // Its own type adds what is missing of its rules when it looks whether the group is ready.
  'OS::Neutron::SecurityGroup': () => Promise.resolve(),
  'OS::Octavia::Listener': async (ctx, id, p) => {
    const timeouts = { timeout_client_data: p['timeout_client_data'], timeout_member_data: p['timeout_member_data'] };
    const given = Object.fromEntries(Object.entries(timeouts).filter(([, value]) => value !== undefined));
    if (Object.keys(given).length > 0) await unlessBusy(cloudOf(ctx).loadBalancer.listeners.update(id, given));
  },
  'OS::Octavia::HealthMonitor': async (ctx, id) => {
    await unlessBusy(cloudOf(ctx).loadBalancer.healthMonitors.update(id, { name: ctx.physicalName }));
  },
  'OS::Octavia::PoolMember': async (ctx, id) => {
    const [poolId = '', memberId = ''] = id.split('/');
    await unlessBusy(cloudOf(ctx).loadBalancer.members.of(poolId).update(memberId, { name: ctx.physicalName }));
  },
};

export const finisherOf = (type: string): Finisher | undefined => FINISHERS[type];
