import assert from 'node:assert/strict';
import type { WireBody } from '../site.js';
import type { Replay, ReplayedRequest } from './replay.js';

/** Gophercloud's calls of Heat. `Find` is answered with a redirect, which it follows. */
export class HeatCalls {
  private readonly root: string;

  constructor(
    private readonly replay: Replay,
    private readonly source: string,
  ) {
    this.root = `/orchestration/v1/${replay.account.project}/stacks`;
  }

  /** `stacks.Find`: a stack by its id alone. */
  async find(call: string, id: string): Promise<WireBody> {
    const { stack } = await this.must({ call, method: 'GET', path: `/${id}`, expect: [200] });
    assert.equal(stack.id, id);
    return stack;
  }

  /** `stacks.Get`. */
  async get(call: string, name: string, id: string): Promise<WireBody> {
    return (await this.must({ call, method: 'GET', path: `/${name}/${id}`, expect: [200] })).stack;
  }

  /** `stackresources.Get`. */
  async resource(call: string, name: string, id: string, resource: string): Promise<WireBody> {
    const path = `/${name}/${id}/resources/${resource}`;
    return (await this.must({ call, method: 'GET', path, expect: [200] })).resource;
  }

  /** `stackresources.List`. */
  async resources(call: string, name: string, id: string, query = ''): Promise<WireBody[]> {
    return (await this.must({ call, method: 'GET', path: `/${name}/${id}/resources${query}`, expect: [200] })).resources;
  }

  /** `stackresources.Find`. */
  async resourcesOf(call: string, id: string): Promise<WireBody[]> {
    return (await this.must({ call, method: 'GET', path: `/${id}/resources`, expect: [200] })).resources;
  }

  /** `stackresources.MarkUnhealthy`. */
  async markUnhealthy(call: string, name: string, id: string, resource: string, reason: string): Promise<void> {
    const body = { mark_unhealthy: true, resource_status_reason: reason };
    await this.send({ call, method: 'PATCH', path: `/${name}/${id}/resources/${resource}`, body, expect: [200, 202, 204] });
  }

  /** `stacks.UpdatePatch` with nothing in it. */
  async updatePatch(call: string, name: string, id: string): Promise<void> {
    await this.send({ call, method: 'PATCH', path: `/${name}/${id}`, body: {}, expect: [200, 202, 204] });
  }

  private must(request: Omit<ReplayedRequest, 'source'>): Promise<WireBody> {
    return this.replay.must({ ...request, source: this.source, path: this.root + request.path });
  }

  private send(request: Omit<ReplayedRequest, 'source'>): Promise<WireBody> {
    return this.replay.send({ ...request, source: this.source, path: this.root + request.path });
  }
}

/** The endpoint that a client finds in its catalogue. @throws Error there is none */
export async function endpointOf(replay: Replay, type: string, name: string): Promise<string> {
  const { account } = replay;
  const { body } = await account.site.cloud('GET', '/identity/v3/auth/catalog', undefined, account.memberToken);
  const catalog = body.catalog as { type: string; name: string; endpoints: { interface: string; url: string }[] }[];
  const found = catalog.find((one) => one.type === type && one.name === name);
  assert.ok(found, `no service of type ${type} and name ${name} in ${JSON.stringify(catalog.map((one) => one.name))}`);
  return found.endpoints.find((one) => one.interface === 'public')?.url ?? '';
}
