import { Spine1764000000000 } from './1764000000000-spine.js';
import { Changes1765000000000 } from './1765000000000-changes.js';
import { IdempotencyClaims1765100000000 } from './1765100000000-idempotency-claims.js';
import { Operations1766000000000 } from './1766000000000-operations.js';
import { UnhealthyNodes1766100000000 } from './1766100000000-unhealthy-nodes.js';
import { LedgerFindings1766110000000 } from './1766110000000-ledger-findings.js';
import { Heat1766200000000 } from './1766200000000-heat.js';
import { Reclaims1766300000000 } from './1766300000000-reclaims.js';
import { StackSignals1766400000000 } from './1766400000000-stack-signals.js';
import { ClusterAddons1766600000000 } from './1766600000000-cluster-addons.js';
import { ClusterAccess1766700000000 } from './1766700000000-cluster-access.js';
import { NodeHealth1766800000000 } from './1766800000000-node-health.js';

/** In order. A new migration is a file here and a line below. */
export const migrations = [
  Spine1764000000000,
  Changes1765000000000,
  IdempotencyClaims1765100000000,
  Operations1766000000000,
  UnhealthyNodes1766100000000,
  LedgerFindings1766110000000,
  Heat1766200000000,
  Reclaims1766300000000,
  StackSignals1766400000000,
  ClusterAddons1766600000000,
  ClusterAccess1766700000000,
  NodeHealth1766800000000,
];
