import { ApiHarness } from './harness.js';
import { ClusterWorld } from './cluster-world.js';

export interface How {
  readonly version?: string;
  readonly person?: string;
  readonly cluster?: string;
}

/** Requests about the node groups of one cluster, by `demo` at the newest microversion unless told otherwise. */
export class NodeGroupWorld {
  /** The cluster's. */
  uuid = '';

  private constructor(
    readonly api: ApiHarness,
    readonly world: ClusterWorld,
  ) {}

  static async start(): Promise<NodeGroupWorld> {
    const api = await ApiHarness.start({ API_PUBLIC_URL: 'http://api' });
    const world = new ClusterWorld(api);
    await world.template('t', 'demo', { labels: { a: '1', b: '2' } });
    return new NodeGroupWorld(api, world);
  }

  /** A new cluster, alone. */
  async begin(): Promise<void> {
    await this.world.empty();
    this.uuid = await this.world.cluster();
  }

  close(): Promise<void> {
    return this.api.close();
  }

  asked({ version = 'latest', person = 'demo' }: How = {}) {
    return this.api.as(person, version);
  }

  post(body: unknown, how: How = {}) {
    return this.asked(how).post(this.path(how), body);
  }

  patch(group: string, body: unknown, how: How = {}) {
    return this.asked(how).patch(this.path(how, group), body);
  }

  remove(group: string, how: How = {}) {
    return this.asked(how).delete(this.path(how, group));
  }

  async show(group: string) {
    return (await this.asked().get(this.path({}, group)).expect(200)).body;
  }

  /** A group that stands. @returns its uuid */
  async made(body: object = {}): Promise<string> {
    const { body: group } = await this.post({ name: 'g', ...body }).expect(202);
    await this.world.rows(`UPDATE operations SET status = 'complete'`);
    await this.world.status('UPDATE_COMPLETE', this.uuid);
    await this.world.rows(`UPDATE node_groups SET status = 'CREATE_COMPLETE' WHERE uuid = $1`, group.uuid);
    return group.uuid;
  }

  private path({ cluster = this.uuid }: How, group = ''): string {
    return `/v1/clusters/${cluster}/nodegroups/${group}`;
  }
}
