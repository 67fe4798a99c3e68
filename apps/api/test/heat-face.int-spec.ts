import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { FaceWorld } from './face-world.js';
import { ApiHarness } from './harness.js';

const ROOT = '/orchestration/v1/p-demo';
type Body = any; // oxlint-disable-line no-explicit-any -- what is read of it is what the test shows

describe('the face of Heat over HTTP', () => {
  let api: ApiHarness;
  let face: FaceWorld;
  const get = async (path: string, status = 200, as = 'demo'): Promise<Body> => {
    const answer = await api.as(as).get(path);
    assert.equal(answer.status, status, answer.text);
    return answer.body;
  };
  before(async () => {
    api = await ApiHarness.start({ API_PUBLIC_URL: 'https://cloud.example/ci' });
    face = await FaceWorld.make(api);
  });
  after(() => api.close());

  it('says its version without a token', async () => {
    const { body } = await api.as(null).get('/orchestration').expect(300);
    const links = [{ rel: 'self', href: 'https://cloud.example/ci/orchestration/v1/' }];
    assert.deepEqual(body, { versions: [{ id: 'v1.0', status: 'CURRENT', links }] });
    await api.as(null).get(`${ROOT}/stacks`).expect(401);
    assert.deepEqual(await get(`${ROOT}/build_info`), { api: { revision: 'jeroboam' }, engine: { revision: 'jeroboam' } });
  });

  it('lists stacks: one for the cluster, one for each group', async () => {
    const { stacks } = await get(`${ROOT}/stacks?sort_dir=asc`);
    const names = stacks.map((one: Body) => one.stack_name).toSorted();
    assert.deepEqual(names, [face.name, `${face.name}-master`, `${face.name}-worker`]);
    const id = face.ids['infrastructure'];
    const first = stacks.find((one: Body) => one.id === id);
    assert.match(first.creation_time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(
      { ...first, creation_time: '' },
      {
        id,
        links: [{ href: `https://cloud.example/ci/orchestration/v1/p-demo/stacks/${face.name}/${id}`, rel: 'self' }],
        stack_name: face.name,
        description: '',
        stack_status: 'CREATE_COMPLETE',
        stack_status_reason: 'Stack CREATE completed successfully',
        creation_time: '',
        updated_time: null,
        deletion_time: null,
        stack_owner: 'u-demo',
        parent: null,
        stack_user_project_id: 'p-demo',
        tags: null,
      },
    );
    assert.deepEqual(await get(`${ROOT}/stacks/detail?sort_dir=asc`), { stacks });
  });

  it('filters, sorts, counts and pages them, nested ones too', async () => {
    const named = async (query: string): Promise<string[]> =>
      (await get(`${ROOT}/stacks?${query}`)).stacks.map((one: Body) => one.stack_name.replace(face.name, 'K'));
    assert.deepEqual(await named(`name=${face.name}-worker`), ['K-worker']);
    assert.deepEqual(await named('name=other'), []);
    assert.deepEqual(await named('status=FAILED'), []);
    assert.deepEqual(await named('tags=x'), []);
    assert.equal((await named('status=CREATE_COMPLETE&action=CREATE')).length, 3);
    assert.deepEqual(await named(`id=${face.ids['infrastructure']}`), ['K']);
    assert.deepEqual(await named('sort_keys=name&sort_dir=asc'), ['K', 'K-master', 'K-worker']);
    assert.equal((await get(`${ROOT}/stacks?with_count=true&limit=1`)).count, 3);
    for (const more of ['', '&show_nested=true', '&sort_keys=name']) {
      const seen: string[] = [];
      let marker = '';
      for (;;) {
        const { stacks, links } = await get(`${ROOT}/stacks?limit=2${more}${marker}`);
        seen.push(...stacks.map((one: Body) => one.id));
        if (stacks.length < 2) break;
        assert.match(links[0].href, /^https:.*\/stacks\?limit=2.*&marker=/);
        marker = `&marker=${stacks[1].id}`;
      }
      assert.equal(new Set(seen).size, seen.length);
      assert.equal(seen.length, more.includes('nested') ? 3 + 2 + 4 : 3);
    }
    const failed = await get(`${ROOT}/stacks?show_nested=true&status=FAILED`);
    assert.deepEqual(failed.stacks.map((one: Body) => one.id), [face.ids['worker-2']]); // prettier-ignore
    await get(`${ROOT}/stacks?limit=x`, 400);
    await get(`${ROOT}/stacks?limit=-1`, 400);
    await get(`${ROOT}/stacks?show_nested=maybe`, 400);
  });

  it('leads from a name or an id to both, as Heat does', async () => {
    const id = face.ids['infrastructure'] ?? '';
    for (const ident of [face.name, id]) {
      const { headers } = await api.as('demo').get(`${ROOT}/stacks/${ident}`).expect(302);
      assert.equal(headers['location'], `https://cloud.example/ci/orchestration/v1/p-demo/stacks/${face.name}/${id}`);
      const part = await api.as('demo').get(`${ROOT}/stacks/${ident}/resources?nested_depth=2`).expect(302);
      assert.equal(part.headers['location'], `${headers['location']}/resources?nested_depth=2`);
    }
    const nested = `${face.name}-worker-kube_minions`;
    for (const [ident, name, key] of [
      [nested, nested, 'default-worker'],
      [face.ids['default-worker'], nested, 'default-worker'],
      [`${nested}-1`, `${nested}-1`, 'worker-1'],
      [face.ids['worker-1'], `${nested}-1`, 'worker-1'],
    ]) {
      const { headers } = await api.as('demo').get(`${ROOT}/stacks/${ident}`).expect(302);
      assert.ok(headers['location']?.endsWith(`/stacks/${name}/${face.ids[key ?? '']}`), headers['location']);
    }
    const error = { type: 'EntityNotFound', traceback: null, message: 'The Stack (nope) could not be found.' };
    const notFound = { code: 404, title: 'Not Found', explanation: 'The resource could not be found.', error };
    assert.deepEqual(await get(`${ROOT}/stacks/nope`, 404), notFound);
    assert.deepEqual(await get(`${ROOT}/stacks/nope/${id}`, 404), notFound);
    await get(`${ROOT}/stacks/${face.name}/00000000-0000-4000-8000-000000000000`, 404);
    await get(`${ROOT}/stacks/${face.name}/x`, 404);
  });

  it('shows a stack, and of hidden values nothing', async () => {
    const path = face.path('infrastructure', face.name);
    const { stack } = await get(path);
    assert.deepEqual(stack.parameters, {
      'OS::stack_id': face.ids['infrastructure'],
      'OS::project_id': 'p-demo',
      'OS::stack_name': face.name,
      external_network: 'public',
      password: '******',
    });
    assert.deepEqual([stack.description, stack.template_description, stack.timeout_mins], ['What is there', 'What is there', 15]);
    const output = { output_key: 'network_id', description: 'No description given', output_value: 'net-1' };
    assert.deepEqual(stack.outputs, [output]);
    assert.ok(!('outputs' in (await get(`${path}?resolve_outputs=false`)).stack));
    const { output_value: _, ...told } = output;
    assert.deepEqual(await get(`${path}/outputs`), { outputs: [told] });
    assert.deepEqual(await get(`${path}/outputs/network_id`), { output });
    assert.equal((await get(`${path}/outputs/nope`, 404)).error.message, 'Specified output key nope not found.');
    assert.equal((await get(`${path}/template`)).resources.network.type, 'OS::Neutron::Net');
    assert.deepEqual((await get(`${path}/environment`)).parameters, { external_network: 'public' });
    assert.deepEqual(await get(`${path}/files`), {});
    const key = await get(`${path}/resources/key`);
    assert.ok(!JSON.stringify([key, await get(`${path}/resources?with_detail=true`)]).includes('abcsecret'));
  });

  it('nests nodes as Magnum’s templates do', async () => {
    const path = face.path('infrastructure', face.name);
    const count = async (depth: number): Promise<number> =>
      (await get(`${path}/resources?nested_depth=${depth}`)).resources.length;
    assert.deepEqual([await count(0), await count(1), await count(2), await count(5)], [4, 8, 20, 20]);
    const { resources } = await get(`${path}/resources?nested_depth=2&type=OS::Nova::Server`);
    const master = resources.find((one: Body) => one.resource_name === 'kube-master');
    const stack = `https://cloud.example/ci/orchestration/v1/p-demo/stacks/${face.name}-master-kube_masters-0/${face.ids['master-0']}`;
    assert.deepEqual(master.links, [
      { href: `${stack}/resources/kube-master`, rel: 'self' },
      { href: stack, rel: 'stack' },
    ]);
    assert.deepEqual([master.physical_resource_id, master.parent_resource], ['server-master-0', '0']);
    const { resource } = await get(`${path}/resources/kube_minions`);
    assert.equal(resource.physical_resource_id, face.ids['default-worker']);
    assert.ok(resource.links.some((link: Body) => link.rel === 'nested'));
    const group = face.path('default-worker stack', `${face.name}-worker`);
    assert.deepEqual(
      (await get(`${group}/resources`)).resources.map((one: Body) => one.resource_name),
      ['kube_minions'],
    );
    const port = (await get(`${group}/resources/worker-0-port`)).resource;
    assert.deepEqual([port.physical_resource_id, port.required_by], ['port-worker-0', ['worker-0']]);
    assert.deepEqual((await get(`${group}/resources/server-worker-0`)).resource.attributes, { name: `${face.name}-worker-0` });
    assert.deepEqual(await get(`${group}/resources/worker-0-port/metadata`), { metadata: {} });
    const missing = await get(`${group}/resources/nope`, 404);
    assert.equal(missing.error.message, `The Resource (nope) could not be found in Stack ${face.name}-worker.`);
    assert.equal((await get(`${group}/resources?bad=1`, 400)).error.message, "Invalid filter parameters ['bad']");
  });

  it('tells the autoscaler which server is in which slot, and how each slot is', async () => {
    const path = face.path('default-worker', `${face.name}-worker-kube_minions`);
    const { stack } = await get(path);
    const refs = { 0: 'server-worker-0', 1: 'server-worker-1', 2: 'kube-minion' };
    assert.deepEqual(stack.outputs[0].output_value, refs);
    assert.equal(stack.parent, face.ids['default-worker stack']);
    const { resources } = await get(`${path}/resources`);
    assert.deepEqual(
      resources.map((one: Body) => [one.resource_name, one.resource_status]),
      [
        ['0', 'CREATE_COMPLETE'],
        ['1', 'CREATE_IN_PROGRESS'],
        ['2', 'CREATE_FAILED'],
      ],
    );
    assert.match(resources[2].resource_status_reason, /quota/i);
    assert.equal(resources[1].physical_resource_id, face.ids['worker-1']);
    const node = face.path('worker-0', `${face.name}-worker-kube_minions-0`);
    const own = (await get(`${node}/resources`)).resources.map((one: Body) => [one.resource_name, one.resource_status]);
    assert.deepEqual(own.toSorted(), [
      ['kube-minion', 'CREATE_COMPLETE'],
      ['node_config_deployment', 'CREATE_COMPLETE'],
      ['worker-0-port', 'CREATE_COMPLETE'],
    ]);
    assert.deepEqual((await get(`${node}/outputs/OS::stack_id`)).output.output_value, 'server-worker-0');
    assert.deepEqual(Object.keys((await get(`${node}/template`)).resources), ['worker-0']);
    assert.deepEqual(Object.keys((await get(`${path}/template`)).resources), ['0', '1', '2']);
  });

  it('shows events, the newest first, by page, filter and resource', async () => {
    const path = face.path('infrastructure', face.name);
    const told = async (query: string, at = path): Promise<string[]> =>
      (await get(`${at}/events${query}`)).events.map((one: Body) => `${one.resource_name} ${one.resource_status}`);
    const own = [`${face.name} CREATE_COMPLETE`, 'network CREATE_COMPLETE', `${face.name} CREATE_IN_PROGRESS`];
    assert.deepEqual(await told(''), own);
    assert.deepEqual(await told('?sort_dir=asc'), own.toReversed());
    assert.deepEqual(await told('?resource_name=network'), own.slice(1, 2));
    assert.equal((await told('?nested_depth=3')).length, 5);
    const { events } = await get(`${path}/events?limit=1`);
    assert.deepEqual(await told(`?limit=1&marker=${events[0].id}`), own.slice(1, 2));
    const list = (await get(`${path}/resources/network/events`)).events;
    assert.deepEqual(await get(`${path}/resources/network/events?marker=${list[0].id}`), { events: [] });
    const { event } = await get(`${path}/resources/network/events/${list[0].id}`);
    assert.equal(event.resource_type, 'OS::Neutron::Net');
    assert.equal((await get(`${path}/resources/nope/events`, 404)).error.message, 'No events found for resource nope');
    assert.equal((await get(`${path}/resources/network/events/9`, 404)).error.message, 'No event 9 found');
    const node = face.path('worker-0', `${face.name}-worker-kube_minions-0`);
    assert.deepEqual(await told('', node), ['kube-minion CREATE_COMPLETE', 'kube-minion CREATE_IN_PROGRESS']);
    assert.equal((await get(`${node}/resources/kube-minion/events`)).events.length, 2);
  });

  it('refuses to write, in Heat’s words, and says what it does not have', async () => {
    const path = face.path('infrastructure', face.name);
    for (const [method, at] of [
      ['post', `${ROOT}/stacks`],
      ['delete', path],
      ['put', path],
      ['post', `${path}/actions`],
      ['post', `${path}/snapshots`],
      ['delete', `${path}/abandon`],
      ['post', `${path}/resources/network/signal`],
      ['post', `${ROOT}/validate`],
      ['post', `${ROOT}/software_configs`],
    ] as const) {
      const { status, body, headers } = await api.as('demo').of(method, at).send();
      assert.equal(status, 405, `${method} ${at}`);
      assert.ok(headers['allow']);
      assert.match(body.error.message, /can only be looked at here: change the cluster/);
    }
    const { error } = await get(`${ROOT}/resource_types`, 404);
    assert.equal(error.message, 'Here are stacks of container clusters, and no /resource_types.');
  });

  it('takes a mark of a node, and a repair for an update that changes nothing', async () => {
    const patch = async (path: string, status: number, body: object, as = 'demo'): Promise<Body> => {
      const answer = await api.as(as).patch(path, body);
      assert.equal(answer.status, status, answer.text);
      return answer.body;
    };
    const root = face.path('infrastructure', face.name);
    const node = face.path('worker-0', `${face.name}-worker-kube_minions-0`);
    const mark = { mark_unhealthy: true, resource_status_reason: 'no answer' };
    await patch(`${node}/resources/kube-minion`, 403, mark, 'reader');
    await patch(`${node.replace('p-demo', 'p-other')}/resources/kube-minion`, 404, mark, 'other');
    const wrong = await patch(`${node}/resources/kube-minion`, 400, { mark: true });
    assert.equal(wrong.error.message, "Invalid keys in resource mark unhealthy {'mark'}");
    await patch(`${node}/resources/kube-minion`, 400, { mark_unhealthy: 'perhaps' });
    await patch(`${node}/resources/kube-minion`, 400, {});
    await patch(`${node}/resources/nope`, 404, mark);
    const refused = await patch(`${root}/resources/network`, 405, mark);
    assert.equal(refused.error.message, 'Only nodes and what belongs to a node can be marked.');
    await patch(root, 202, {});
    assert.deepEqual(await face.world.asked(), []);
    // As magnum-auto-healer does: by the id of the server.
    assert.equal(await patch(`${node}/resources/server-worker-0`, 200, mark), null);
    const shown = (await get(`${node}/resources/kube-minion`)).resource;
    assert.deepEqual([shown.resource_status, shown.resource_status_reason], ['CHECK_FAILED', 'no answer']);
    const slots = await get(`${face.path('default-worker', `${face.name}-worker-kube_minions`)}/resources?status=CHECK_FAILED`);
    assert.deepEqual(slots.resources.map((one: Body) => one.resource_name), ['0']); // prettier-ignore
    await patch(root, 405, { template: { resources: {} } });
    await patch(root, 405, { parameters: { external_network: 'other' } });
    await patch(root, 202, { existing: true, parameters: {}, environment: {}, files: {} });
    const reason = 'asked for';
    const request = { nodeGroupUuid: face.ids['default-worker'], nodeUuids: [face.ids['worker-0']], reason };
    assert.deepEqual(await face.world.asked(), [['repair', request]]);
    const [event] = await face.world.rows(`SELECT level, message FROM events WHERE type = 'node.unhealthy'`);
    assert.deepEqual(event, { level: 'warning', message: `node ${face.name}-worker-0 was marked unhealthy: no answer` });
    await patch(`${node}/resources/worker-0-port`, 200, { mark_unhealthy: false });
    assert.equal((await get(`${node}/resources/kube-minion`)).resource.resource_status, 'CREATE_COMPLETE');
    // The only master: what etcd holds would be lost.
    const master = face.path('master-0', `${face.name}-master-kube_masters-0`);
    await patch(`${master}/resources/kube-master`, 200, mark);
    assert.equal((await patch(root, 409, {})).title, 'Conflict');
    await patch(`${master}/resources/kube-master`, 200, { mark_unhealthy: false });
  });

  it('shows another project nothing, and an administrator everything', async () => {
    const path = face.path('infrastructure', face.name);
    await get(`${ROOT}/stacks`, 403, 'other');
    await get(path, 403, 'other');
    const foreign = path.replace('p-demo', 'p-other');
    for (const below of ['', '/resources', '/events', '/template', '/outputs', '/environment', '/files', '/resources/network'])
      await get(`${foreign}${below}`, 404, 'other');
    await get(`/orchestration/v1/p-other/stacks/${face.name}`, 404, 'other');
    await get(`/orchestration/v1/p-other/stacks/${face.ids['worker-0']}`, 404, 'other');
    assert.deepEqual(await get('/orchestration/v1/p-other/stacks?show_nested=true', 200, 'other'), { stacks: [] });
    assert.equal(
      (await get(`${ROOT}/stacks?global_tenant=true`, 403)).error.message,
      'You are not authorized to use stacks:global_index.',
    );
    await get(path, 200, 'admin');
    assert.equal((await get('/orchestration/v1/p-admin/stacks?global_tenant=1', 200, 'admin')).stacks[0].project, 'p-demo');
    await get(`${ROOT}/stacks`, 403, 'nobody');
    await get(path, 403, 'nobody');
    await get(path, 200, 'reader');
  });
});
