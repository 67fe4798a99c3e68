import type { AnyResourceType } from '../resource.js';
import { volumeAttachment } from './cinder/volume-attachment.js';
import { volume } from './cinder/volume.js';
import { floatingIpAssociation } from './neutron/floating-ip-association.js';
import { floatingIp } from './neutron/floating-ip.js';
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

/** Every type this service can make by itself. The contract suite has a case for each. */
export const builtinResources: readonly AnyResourceType[] = [
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
