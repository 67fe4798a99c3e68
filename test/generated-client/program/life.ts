/**
 * A program of a user: it knows the API from the generated types alone. It makes a cluster, changes it in every way, and
 * removes it. Compiled by generated-client.int-spec.ts after the types have been generated beside it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './jeroboam.js';

type Cluster = components['schemas']['Cluster'];
type Status = Cluster['status'];

export interface Given {
  /** The endpoint of the service, without `/v1`. */
  readonly baseUrl: string;
  readonly token: string;
  /** Two images: what the cluster begins with and what it is upgraded to. */
  readonly images: readonly [string, string];
  /** A certificate request, PEM. */
  readonly csr: string;
  readonly waitMs: number;
}

export interface Lived {
  readonly steps: readonly string[];
  readonly statuses: readonly Status[];
  readonly versions: readonly (string | null)[];
  readonly events: number;
  readonly certificate: string;
}

export async function live(given: Given): Promise<Lived> {
  const life = new Life(given);
  await life.discover();
  await life.begin();
  await life.certificates();
  await life.nodeGroup();
  await life.resize();
  await life.change();
  await life.upgrade();
  await life.errors();
  await life.end();
  return life.told;
}

class Life {
  readonly told = {
    steps: [] as string[],
    statuses: [] as Status[],
    versions: [] as (string | null)[],
    events: 0,
    certificate: '',
  };
  private readonly api: Client<paths>;
  private readonly old: Client<paths>;
  private cluster = '';
  private readonly templates: string[] = [];

  constructor(private readonly given: Given) {
    const headers = (version: string) => ({ 'X-Auth-Token': given.token, 'OpenStack-API-Version': `container-infra ${version}` });
    this.api = createClient<paths>({ baseUrl: given.baseUrl, headers: headers('1.14') });
    this.old = createClient<paths>({ baseUrl: given.baseUrl, headers: headers('1.12') });
  }

  async discover(): Promise<void> {
    const { versions } = value(await this.api.GET('/'));
    this.step(`speaks up to ${versions[0]?.max_version}`);
  }

  async begin(): Promise<void> {
    for (const [index, image] of this.given.images.entries()) {
      const template = value(
        await this.api.POST('/v1/clustertemplates', {
          body: {
            name: `generated-${index}`,
            coe: 'kubernetes',
            image_id: image,
            external_network_id: 'public',
            master_flavor_id: 'm1.medium',
            flavor_id: 'm1.small',
          },
        }),
      );
      this.templates.push(template.uuid);
    }
    const body: components['schemas']['ClusterCreate'] = {
      name: 'generated',
      cluster_template_id: this.templates[0] ?? '',
      master_count: 1,
      node_count: 1,
      labels: { purpose: 'test' },
      merge_labels: true,
    };
    const params = { header: { 'Idempotency-Key': `generated-client-${Date.now()}` } };
    const made = value(await this.api.POST('/v1/clusters', { params, body }));
    const again = value(await this.api.POST('/v1/clusters', { params, body }));
    if (again.uuid !== made.uuid) throw new Error('the same request made another cluster');
    this.cluster = made.uuid;
    await this.follow('CREATE_COMPLETE');
    this.step('made');
  }

  async certificates(): Promise<void> {
    const authority = value(await this.api.GET('/v1/certificates/{cluster}', { params: { path: { cluster: this.cluster } } }));
    const signed = value(await this.api.POST('/v1/certificates', { body: { cluster_uuid: this.cluster, csr: this.given.csr } }));
    if (!authority.pem.includes('BEGIN CERTIFICATE')) throw new Error('that is no certificate');
    this.told.certificate = signed.pem;
    this.step('signed');
  }

  async nodeGroup(): Promise<void> {
    const path = { cluster: this.cluster };
    const made = value(
      await this.api.POST('/v1/clusters/{cluster}/nodegroups', {
        params: { path },
        body: {
          name: 'extra',
          node_count: 1,
          max_node_count: 3,
          node_labels: { disk: 'ssd' },
          node_taints: [{ key: 'extra', value: 'yes', effect: 'NoSchedule' }],
        },
      }),
    );
    await this.follow('UPDATE_COMPLETE');
    const group = { ...path, group: made.uuid };
    const shown = await this.api.GET('/v1/clusters/{cluster}/nodegroups/{group}', { params: { path: group } });
    const tag = shown.response.headers.get('etag') ?? '';
    const patch = [{ op: 'replace' as const, path: '/max_node_count', value: 5 }];
    const changed = value(
      await this.api.PATCH('/v1/clusters/{cluster}/nodegroups/{group}', {
        params: { path: group, header: { 'If-Match': tag } },
        body: patch,
      }),
    );
    if (changed.max_node_count !== 5) throw new Error('the limit is not what was asked for');
    const stale = await this.api.PATCH('/v1/clusters/{cluster}/nodegroups/{group}', {
      params: { path: group, header: { 'If-Match': tag } },
      body: patch,
    });
    if (stale.response.status !== 412) throw new Error('a stale entity tag was taken');
    await this.follow('UPDATE_COMPLETE');
    const { response } = await this.api.DELETE('/v1/clusters/{cluster}/nodegroups/{group}', { params: { path: group } });
    if (response.status !== 204) throw new Error(`the node group could not be deleted: ${response.status}`);
    await this.follow('UPDATE_COMPLETE');
    this.step('node group made, changed and deleted');
  }

  async resize(): Promise<void> {
    const params = { path: { cluster: this.cluster } };
    value(await this.api.POST('/v1/clusters/{cluster}/actions/resize', { params, body: { node_count: 2 } }));
    await this.follow('UPDATE_COMPLETE');
    const { nodes } = value(await this.api.GET('/v1/clusters/{cluster}/nodes', { params }));
    this.step(`resized: ${nodes.filter((node) => node.ready_at !== null).length} nodes ready`);
  }

  async change(): Promise<void> {
    value(
      await this.api.PATCH('/v1/clusters/{cluster}', {
        params: { path: { cluster: this.cluster }, query: { rollback: true } },
        body: [{ op: 'replace', path: '/node_count', value: 1 }],
      }),
    );
    const { node_count: workers } = await this.follow('UPDATE_COMPLETE');
    this.step(`changed: ${workers} worker`);
  }

  async upgrade(): Promise<void> {
    value(
      await this.api.POST('/v1/clusters/{cluster}/actions/upgrade', {
        params: { path: { cluster: this.cluster } },
        body: { cluster_template: this.templates[1] ?? '', max_batch_size: 1 },
      }),
    );
    await this.follow('UPDATE_COMPLETE');
    const { operations } = value(
      await this.api.GET('/v1/clusters/{cluster}/operations', { params: { path: { cluster: this.cluster } } }),
    );
    this.step(`upgraded: ${operations.filter((operation) => operation.status === 'complete').length} operations`);
  }

  /** What the types say of errors and microversions is so. */
  async errors(): Promise<void> {
    const path = { cluster: 'nothing' };
    const { error, response } = await this.api.GET('/v1/clusters/{cluster}', { params: { path } });
    if (error === undefined || !('errors' in error)) throw new Error('an error without its body');
    this.step(`${response.status}: ${error.errors[0]?.detail}`);
    const { stack_id: before, cluster_id: none } = value(
      await this.old.GET('/v1/clusters/{cluster}', { params: { path: { cluster: this.cluster } } }),
    );
    if (typeof before !== 'string' || none !== undefined) throw new Error('1.12 has stack_id and no cluster_id');
    // @ts-expect-error there is no such field
    const misspelt: components['schemas']['ClusterCreate'] = { cluster_templat_id: 'x' };
    // @ts-expect-error there is no such path
    const nowhere = this.api.GET('/v1/nothing').catch(() => misspelt);
    await nowhere;
  }

  async end(): Promise<void> {
    const params = { path: { cluster: this.cluster } };
    const { response } = await this.api.DELETE('/v1/clusters/{cluster}', { params });
    if (response.status !== 204) throw new Error(`the cluster could not be deleted: ${response.status}`);
    await this.until(async () => (await this.api.GET('/v1/clusters/{cluster}', { params })).response.status === 404);
    for (const template of this.templates) {
      await this.api.DELETE('/v1/clustertemplates/{template}', { params: { path: { template } } });
    }
    const { clusters, nodes } = value(await this.api.GET('/v1/stats'));
    this.step(`gone: ${clusters} clusters, ${nodes} nodes`);
  }

  /** Reads the events until the cluster is at rest. */
  private async follow(wanted: Status): Promise<Cluster> {
    const path = { cluster: this.cluster };
    let after = 0;
    let cluster: Cluster | undefined;
    await this.until(async () => {
      const page = value(await this.api.GET('/v1/clusters/{cluster}/events', { params: { path, query: { after } } }));
      this.told.events += page.events.length;
      after = page.after;
      cluster = value(await this.api.GET('/v1/clusters/{cluster}', { params: { path } }));
      return !cluster.status.endsWith('_IN_PROGRESS');
    });
    if (cluster?.status !== wanted) throw new Error(`${cluster?.status} instead of ${wanted}: ${cluster?.status_reason}`);
    this.told.statuses.push(cluster.status);
    this.told.versions.push(cluster.coe_version);
    return cluster;
  }

  private async until(done: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + this.given.waitMs;
    while (!(await done())) {
      if (Date.now() > deadline) throw new Error(`still not done after ${this.given.waitMs} ms, after ${this.told.steps.at(-1)}`);
      await sleep(50);
    }
  }

  private step(words: string): void {
    this.told.steps.push(words);
  }
}

/** @throws Error the answer is an error, with its words */
function value<T>({ data, error, response }: { data?: T; error?: unknown; response: Response }): T {
  if (data === undefined) throw new Error(`${response.status} ${JSON.stringify(error)}`);
  return data;
}
