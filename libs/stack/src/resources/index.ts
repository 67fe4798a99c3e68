import type { AnyResourceType } from '../resource.js';
import { volumeAttachment } from './cinder/volume-attachment.js';
import { volume } from './cinder/volume.js';
import { floatingIpAssociation } from './neutron/floating-ip-association.js';
import { floatingIp } from './neutron/floating-ip.js';
import { randomString } from './heat/random-string.js';
import { resourceGroup } from './heat/resource-group.js';
import { value } from './heat/value.js';
import { waitCondition } from './heat/wait-condition.js';
import { waitConditionHandle } from './heat/wait-condition-handle.js';
import { net } from './neutron/net.js';
import { port } from './neutron/port.js';
import { routerInterface } from './neutron/router-interface.js';
import { router } from './neutron/router.js';
import { securityGroupRule } from './neutron/security-group-rule.js';
import { securityGroup } from './neutron/security-group.js';
import { subnet } from './neutron/subnet.js';
import { keyPair } from './nova/key-pair.js';
import { serverGroup } from './nova/server-group.js';
import { server } from './nova/server.js';
import { healthMonitor } from './octavia/health-monitor.js';
import { listener } from './octavia/listener.js';
import { loadBalancer } from './octavia/load-balancer.js';
import { poolMember } from './octavia/pool-member.js';
import { pool } from './octavia/pool.js';

/** What is made in a cloud. The contract suite has a case for each. */
export const cloudResources: readonly AnyResourceType[] = [
  net,
  subnet,
  router,
  routerInterface,
  port,
  securityGroup,
  securityGroupRule,
  floatingIp,
  floatingIpAssociation,
  server,
  serverGroup,
  keyPair,
  loadBalancer,
  listener,
  pool,
  poolMember,
  healthMonitor,
  volume,
  volumeAttachment,
];

/** What is a row and no more. */
export const localResources: readonly AnyResourceType[] = [
  resourceGroup,
  randomString,
  value,
  waitConditionHandle,
  waitCondition,
];

/** Every type this service can make by itself. */
export const builtinResources: readonly AnyResourceType[] = [...cloudResources, ...localResources];
