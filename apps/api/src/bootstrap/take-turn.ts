import { NodeBootstrapRepository, type FoundNode } from '#libs/db';
import { isReportToken, KeyRing } from '#libs/pki';
import { Injectable } from '@nestjs/common';
import { beingDeleted, leaving, notYet, unauthenticated, unknownNode } from './bootstrap-errors.js';
import { Gate } from './gate.js';

/** How long a request is held for its turn. */
const HOLD_MS = 20_000;

/** A node that is ready to join asks whether there is something to join, and whether others come first. May be asked twice. */
@Injectable()
export class TakeTurn {
  constructor(
    private readonly nodes: NodeBootstrapRepository,
    private readonly keyRing: KeyRing,
    private readonly gate: Gate,
  ) {}

  /** Returns when it is the node's turn. @throws BootstrapRefusal 401, 404, 410, 503 not yet: ask again */
  async run(nodeUuid: string, token: string): Promise<void> {
    if (!isReportToken(this.keyRing, nodeUuid, token)) throw unauthenticated();
    const { node } = await this.living(nodeUuid);
    const granted = await this.gate.wait(node.clusterUuid, node, HOLD_MS);
    // While it waited the cluster may have been deleted, or the node given up.
    await this.living(nodeUuid);
    if (!granted) throw notYet('It is not this node’s turn yet.');
  }

  private async living(nodeUuid: string): Promise<FoundNode> {
    const found = await this.nodes.find(nodeUuid);
    if (!found) throw unknownNode();
    if (found.cluster.status.startsWith('DELETE')) throw beingDeleted();
    if (found.node.leavingSince !== null) throw leaving();
    return found;
  }
}
