import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { isUnreachable, type NodeState } from './index.js';
import { watchNodes } from './list-nodes.js';
import { ApiServer, node } from './test/api-server.js';
import { Transport } from './transport.js';

const shown = (nodes: readonly NodeState[] | undefined): string =>
  (nodes ?? [])
    .map(({ name, ready }) => `${name}${ready ? '+' : '-'}`)
    .sort()
    .join(' ');
const event = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;

describe('watchNodes', () => {
  let api: ApiServer;
  let controller: AbortController;
  let watches: { version: string | null; response: ServerResponse }[];
  let listed: object[];
  before(async () => {
    api = await ApiServer.start();
    api.on('GET /api/v1/nodes', ({ query }, response) => {
      if (query.get('watch') !== 'true') return { body: { metadata: { resourceVersion: '10' }, items: listed } };
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      watches.push({ version: query.get('resourceVersion'), response });
      return undefined;
    });
  });
  after(() => api.close());
  beforeEach(() => {
    controller = new AbortController();
    watches = [];
    listed = [node('a', 'True'), node('b', 'False')];
  });
  afterEach(() => controller.abort());

  const watch = async (index: number): Promise<{ version: string | null; response: ServerResponse }> => {
    while (!watches[index]) await new Promise((resolve) => setImmediate(resolve));
    return watches[index];
  };
  const start = (): { kube: Transport; next: () => Promise<string> } => {
    const kube = new Transport(api.endpoint);
    const stream = watchNodes(kube, controller.signal, 0);
    return { kube, next: async () => shown((await stream.next()).value as readonly NodeState[]) };
  };

  it('tells all nodes, then what changes, several changes at once', async () => {
    const { kube, next } = start();
    assert.equal(await next(), 'a+ b-');
    const after = next();
    const { response, version } = await watch(0);
    assert.equal(version, '10');
    response.write(
      event('MODIFIED', node('b', 'True', '11')) +
        event('ADDED', node('c', null, '12')) +
        event('BOOKMARK', node('', null, '13')),
    );
    assert.equal(await after, 'a+ b+ c-');
    const gone = next();
    const line = event('DELETED', node('a', 'True', '14'));
    response.write(line.slice(0, 20));
    setImmediate(() => response.write(line.slice(20)));
    assert.equal(await gone, 'b+ c-');
    await kube.close();
  });

  it('goes on from where it was when the server ends the watch', async () => {
    const { kube, next } = start();
    await next();
    const first = next();
    (await watch(0)).response.end(event('MODIFIED', node('b', 'True', '15')));
    assert.equal(await first, 'a+ b+');
    const second = next();
    const { response, version } = await watch(1);
    assert.equal(version, '15');
    response.write(event('DELETED', node('a', 'True', '16')));
    assert.equal(await second, 'b+');
    await kube.close();
  });

  it('lists again when its version is too old or the line broke', async () => {
    const { kube, next } = start();
    await next();
    const first = next();
    listed = [node('z', 'True')];
    (await watch(0)).response.write(event('ERROR', { kind: 'Status', code: 410, reason: 'Expired', metadata: {} }));
    assert.equal(await first, 'z+');
    const second = next();
    await watch(1);
    listed = [node('y', 'True')];
    api.dropConnections();
    assert.equal(await second, 'y+');
    await kube.close();
  });

  it('ends when told so, and throws when the API went away', async () => {
    const kube = api.kube();
    const stream = kube.watchNodes(controller.signal);
    await stream.next();
    const last = stream.next();
    await watch(0);
    controller.abort();
    assert.equal((await last).done, true);
    await kube.close();
    const gone = await ApiServer.start();
    const other = gone.kube();
    await gone.close();
    await assert.rejects(other.watchNodes(new AbortController().signal).next(), isUnreachable);
    await other.close();
  });
});
