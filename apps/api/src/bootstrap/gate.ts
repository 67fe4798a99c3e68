import { type MasterTurn, NodeBootstrapRepository, Signals } from '#libs/db';
import { isTurn } from './turn.js';

/** A nudge may be lost: those who wait look by themselves so often. */
const LOOK_MS = 5_000;

interface Waiter {
  readonly node: { readonly uuid: string; readonly role: string };
  readonly resolve: (turn: boolean) => void;
}

interface Watched {
  readonly waiters: Set<Waiter>;
  /** A look is under way; `again` when something happened meanwhile. */
  looking: boolean;
  again: boolean;
}

/**
 * Nodes wait here for their turn. All that wait for one cluster share one query for each nudge, however many they are.
 */
export class Gate {
  private readonly clusters = new Map<string, Watched>();
  private readonly off: () => void;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly nodes: Pick<NodeBootstrapRepository, 'masters'>,
    signals: Pick<Signals, 'on'>,
    lookMs = LOOK_MS,
  ) {
    this.off = signals.on('nodes', (clusterUuid) => this.nudge(clusterUuid));
    this.timer = setInterval(() => this.nudge(null), lookMs);
    this.timer.unref();
  }

  /** Resolves with true when it is the node's turn, with false when it has not come within `waitMs`, or we end. */
  async wait(clusterUuid: string, node: Waiter['node'], waitMs: number): Promise<boolean> {
    const watched = this.clusters.get(clusterUuid) ?? { waiters: new Set(), looking: false, again: false };
    this.clusters.set(clusterUuid, watched);
    let timer: NodeJS.Timeout | undefined;
    const turn = new Promise<boolean>((resolve) => {
      const waiter = { node, resolve };
      watched.waiters.add(waiter);
      timer = setTimeout(() => this.leave(clusterUuid, waiter, false), waitMs);
    });
    void this.look(clusterUuid, watched);
    try {
      return await turn;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends everybody away. */
  close(): void {
    this.off();
    clearInterval(this.timer);
    for (const [uuid, { waiters }] of this.clusters) for (const waiter of waiters) this.leave(uuid, waiter, false);
  }

  private nudge(clusterUuid: string | null): void {
    for (const uuid of clusterUuid === null ? this.clusters.keys() : [clusterUuid]) {
      const watched = this.clusters.get(uuid);
      if (watched) void this.look(uuid, watched);
    }
  }

  private async look(clusterUuid: string, watched: Watched): Promise<void> {
    watched.again = true;
    if (watched.looking) return;
    watched.looking = true;
    while (watched.again && watched.waiters.size > 0) {
      watched.again = false;
      // A database that is away for a moment makes nobody lose his place: the next look comes.
      const masters: MasterTurn[] = await this.nodes.masters(clusterUuid).catch(() => []);
      for (const waiter of watched.waiters) if (isTurn(masters, waiter.node)) this.leave(clusterUuid, waiter, true);
    }
    watched.looking = false;
  }

  private leave(clusterUuid: string, waiter: Waiter, turn: boolean): void {
    const watched = this.clusters.get(clusterUuid);
    watched?.waiters.delete(waiter);
    if (watched?.waiters.size === 0) this.clusters.delete(clusterUuid);
    waiter.resolve(turn);
  }
}
