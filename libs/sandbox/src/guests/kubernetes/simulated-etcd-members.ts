import { randomBytes } from 'node:crypto';
import type { SimulatedEtcd } from './simulated-etcd.js';

/** Where the members are kept: in etcd itself, under a key that no API resource has. */
const TABLE = 'simulated/etcdmembers';

export interface SimulatedMember {
  /** 64 bits, hexadecimal. */
  readonly id: string;
  readonly serverId: string;
  readonly nodeName: string;
  /** Fixed address of its machine. */
  readonly address: string;
  /** It was added, and its process has run. */
  readonly started: boolean;
  readonly learner: boolean;
}

/** etcd's own words. Source: etcd 3.6, server/etcdserver/errors and membership. */
export class EtcdRefusal extends Error {}

/**
 * Who belongs to the etcd of a simulated cluster, which of them run, who leads, and whether that is a majority. A machine
 * that goes stays a member until somebody removes it. Rules as etcd's with its strict reconfiguration check.
 */
export class SimulatedEtcdMembers {
  readonly #running = new Set<string>();
  readonly #listeners = new Set<() => void>();
  #leader: string | null = null;
  #everLed = false;
  #election: NodeJS.Timeout | undefined;

  /** @param electionMs how long those who stay need to see that their leader has gone, and to choose another */
  constructor(
    readonly etcd: SimulatedEtcd,
    public electionMs = 0,
  ) {}

  list(): SimulatedMember[] {
    return this.etcd.list(TABLE).map(({ object }) => object['spec'] as SimulatedMember);
  }

  of(serverId: string): SimulatedMember | undefined {
    return this.list().find((member) => member.serverId === serverId);
  }

  get leader(): string | null {
    return this.#leader;
  }

  runs(member: SimulatedMember): boolean {
    return member.started && this.#running.has(member.serverId);
  }

  /** A majority of those that vote can talk to each other. */
  get hasMajority(): boolean {
    const voters = this.list().filter((member) => !member.learner);
    return voters.filter((member) => this.runs(member)).length >= majority(voters.length);
  }

  /** Whether the API server beside this member can read and write now. */
  serves(serverId: string): boolean {
    const own = this.of(serverId);
    return own !== undefined && this.runs(own) && this.hasMajority && this.#leader !== null;
  }

  /** As `serves`; while a leader is being chosen, waits for it. */
  async settled(serverId: string): Promise<boolean> {
    if (this.hasMajority && this.#leader === null && this.of(serverId) !== undefined) {
      await new Promise<void>((resolve) => {
        const stop = this.onChange(() => {
          if (this.hasMajority && this.#leader === null) return;
          stop();
          resolve();
        });
      });
    }
    return this.serves(serverId);
  }

  /** The first member: nobody is asked. */
  bootstrap(serverId: string, nodeName: string, address: string): void {
    for (const { object } of this.etcd.list(TABLE)) this.etcd.delete(TABLE, '', object.metadata.name);
    this.#put({ id: newId(), serverId, nodeName, address, started: true, learner: false });
    this.start(serverId);
  }

  /** A control plane that was there before members were told apart. */
  adopt(serverId: string, nodeName: string, address: string): void {
    if (!this.of(serverId)) this.#put({ id: newId(), serverId, nodeName, address, started: true, learner: false });
  }

  /** @returns the new member's id; it does not vote before `promote`. @throws EtcdRefusal */
  addLearner(serverId: string, nodeName: string, address: string): string {
    if (!this.hasMajority) throw new EtcdRefusal('etcdserver: request timed out');
    const members = this.list();
    if (members.some((member) => member.address === address)) throw new EtcdRefusal('etcdserver: Peer URLs already exists');
    if (members.some((member) => member.learner)) throw new EtcdRefusal('etcdserver: too many learner members in cluster');
    if (!members.every((member) => this.runs(member))) throw new EtcdRefusal('etcdserver: unhealthy cluster');
    const id = newId();
    this.#put({ id, serverId, nodeName, address, started: false, learner: true });
    return id;
  }

  /** @throws EtcdRefusal */
  promote(id: string): void {
    const member = this.#member(id);
    if (!this.runs(member)) throw new EtcdRefusal('etcdserver: can only promote a learner member which is in sync with leader');
    this.#put({ ...member, learner: false });
    this.#changed();
  }

  /** @throws EtcdRefusal it is none, or those who stay would be no majority */
  remove(id: string): void {
    const member = this.#member(id);
    if (!this.hasMajority) throw new EtcdRefusal('etcdserver: request timed out');
    const voters = this.list().filter((one) => !one.learner);
    const active = voters.filter((one) => this.runs(one)).length;
    if (!member.learner) {
      const staying = voters.filter((one) => one.id !== id);
      if (staying.filter((one) => one.started).length < majority(staying.length)) {
        throw new EtcdRefusal('etcdserver: re-configuration failed due to not enough started members');
      }
      // One that does not run takes nothing from the majority of those who do.
      if (this.runs(member) && active - 1 < majority(voters.length - 1)) throw new EtcdRefusal('etcdserver: unhealthy cluster');
    }
    this.etcd.delete(TABLE, '', id);
    this.#running.delete(member.serverId);
    this.#changed();
  }

  /** @throws EtcdRefusal the one asked does not lead, or the other one cannot */
  moveLeader(asked: string, to: string): void {
    if (this.#leader !== asked) throw new EtcdRefusal('etcdserver: not leader');
    const heir = this.#member(to);
    if (heir.learner || !this.runs(heir)) throw new EtcdRefusal('etcdserver: bad leader transferee');
    this.#leader = to;
    this.#changed();
  }

  /** The etcd of this machine runs; one that was never added, or was removed, ends at once. */
  start(serverId: string): void {
    const member = this.of(serverId);
    if (!member) return;
    if (!member.started) this.#put({ ...member, started: true });
    this.#running.add(serverId);
    this.#changed();
  }

  stop(serverId: string): void {
    if (this.#running.delete(serverId)) this.#changed();
  }

  /** @returns stops the calls */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    clearTimeout(this.#election);
    this.#listeners.clear();
  }

  #changed(): void {
    const leader = this.list().find((member) => member.id === this.#leader);
    if (!leader || !this.runs(leader) || !this.hasMajority) {
      this.#leader = null;
      if (this.hasMajority && this.#election === undefined) this.#elect();
    }
    for (const listener of this.#listeners) listener();
  }

  /** At once the first time; later it takes its time. */
  #elect(): void {
    const choose = (): void => {
      this.#election = undefined;
      if (this.hasMajority) this.#leader = this.list().find((member) => !member.learner && this.runs(member))?.id ?? null;
      this.#everLed ||= this.#leader !== null;
    };
    if (!this.#everLed || this.electionMs === 0) return choose();
    this.#election = setTimeout(() => {
      choose();
      for (const listener of this.#listeners) listener();
    }, this.electionMs);
    this.#election.unref();
  }

  #member(id: string): SimulatedMember {
    const member = this.list().find((one) => one.id === id);
    if (!member) throw new EtcdRefusal('etcdserver: member not found');
    return member;
  }

  #put(member: SimulatedMember): void {
    this.etcd.put(TABLE, { apiVersion: 'simulated/v1', kind: 'EtcdMember', metadata: { name: member.id }, spec: member });
  }
}

const majority = (voters: number): number => Math.floor(voters / 2) + 1;

/** Beyond what a JavaScript number holds, as real ones mostly are. */
function newId(): string {
  const bytes = randomBytes(8);
  bytes[0] = (bytes[0] ?? 0) | 0x80;
  return bytes.toString('hex');
}
