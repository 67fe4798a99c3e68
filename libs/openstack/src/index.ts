export type { TokenInfo } from './auth.js';
export type { CallRecord, Query } from './caller.js';
export { takeRequestId, withCallNote } from './call-note.js';
export type { Catalogue, Interface } from './catalogue.js';
export { codeOfFault } from './cloud-codes.js';
export { Cloud, type CloudOptions } from './cloud.js';
export { InvalidClouds, loadClouds, type CloudConfig } from './clouds.js';
export { absent, Collection, looksLikeUuid, type Found } from './collection.js';
export type {
  ApplicationCredential,
  Credentials,
  PasswordCredentials,
  TokenCredentials,
  TrustCredentials,
} from './credentials.js';
export * from './errors.js';
export type { Clock } from './retry.js';
export type { GateState } from './traffic/service-gate.js';
export {
  DEFAULT_BREAKER_FAILURES,
  DEFAULT_BREAKER_LONGEST_MS,
  DEFAULT_CALLS_PER_SECOND,
  type TrafficLimits,
} from './traffic/traffic.js';
export { CloudSession } from './session.js';
export { DEFAULT_TIMEOUTS, Transport, type Timeouts, type Wire, type WireAnswer, type WireRequest } from './transport.js';

export type { Flavor } from './compute/flavors.js';
export type { Keypair } from './compute/keypairs.js';
export type { ServerGroup } from './compute/server-groups.js';
export type { ObserveOptions, Server } from './compute/server.js';
export type { VolumeAttachment } from './compute/volume-attachments.js';
export type { Domain } from './identity/domains.js';
export type { Project } from './identity/projects.js';
export type { Role } from './identity/roles.js';
export type { Trust } from './identity/trusts.js';
export type { User } from './identity/users.js';
export type { Image } from './image/images.js';
export type { HealthMonitor } from './load-balancer/health-monitors.js';
export type { Listener } from './load-balancer/listeners.js';
export type { LoadBalancer } from './load-balancer/load-balancers.js';
export type { Member } from './load-balancer/members.js';
export type { Pool } from './load-balancer/pools.js';
export type { HeatEvent, HeatResource, HeatStack, HeatStackBody, HeatStackRef } from './orchestration/stacks.js';
export type { FloatingIp } from './network/floating-ips.js';
export type { Network } from './network/networks.js';
export type { Port } from './network/ports.js';
export type { Router } from './network/routers.js';
export type { SecurityGroupRule } from './network/security-group-rules.js';
export type { SecurityGroup } from './network/security-groups.js';
export type { Taggable } from './network/service.js';
export type { Subnet } from './network/subnets.js';
export type { Snapshot } from './volume/snapshots.js';
export type { Volume } from './volume/volumes.js';
export { findKubernetesMade, type KubernetesMade, type WhoseObjects } from './kubernetes-made/find.js';
export { CSI_CLUSTER_KEY, ownershipOf, type Ownership } from './kubernetes-made/ownership.js';
export {
  planRemoval,
  type KeptObject,
  type MadeObject,
  type MadeType,
  type Reclaim,
  type ReclaimPolicy,
  type RemovalPlan,
  type RemovalWishes,
} from './kubernetes-made/plan.js';
