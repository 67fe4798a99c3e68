import type { ServerResponse } from 'node:http';
import { apiVersionOf, resourceKey } from './api-resources.js';
import type { ObjectRequest } from './api-request.js';
import { StatusError, type KubeObject } from './kube-object.js';
import { toTable, wantsTable } from './object-table.js';
import type { Selector } from './selectors.js';
import type { Change, SimulatedEtcd } from './simulated-etcd.js';

/** Serves a watch until the client leaves, `timeoutSeconds` is over or the server closes the connection. */
export function serveWatch(request: ObjectRequest, wanted: Selector, etcd: SimulatedEtcd, response: ServerResponse): void {
  const { query, resource, namespace } = request;
  const key = resourceKey(resource);
  const inScope = (object: KubeObject): boolean => namespace === '' || object.metadata.namespace === namespace;
  const table = wantsTable(request.accept);
  const shape = (object: KubeObject): unknown =>
    table
      ? toTable(resource, [object], { resourceVersion: object.metadata.resourceVersion }, query.get('includeObject'))
      : object;
  const send = (type: string, object: unknown): void => {
    response.write(`${JSON.stringify({ type, object })}\n`);
  };
  response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
  response.flushHeaders();

  const deliver = ({ type, object, resource: changed }: Change): void => {
    if (changed === key && inScope(object) && wanted(object)) send(type, shape(object));
  };
  const from = query.get('resourceVersion') ?? '';
  if (query.get('sendInitialEvents') === 'true' || from === '' || from === '0') {
    for (const { object } of etcd.list(key)) if (inScope(object) && wanted(object)) send('ADDED', shape(object));
    if (query.get('sendInitialEvents') === 'true') {
      const annotations = { 'k8s.io/initial-events-end': 'true' };
      const metadata = { resourceVersion: String(etcd.revision), annotations };
      send('BOOKMARK', { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata });
    }
  } else {
    const missed = etcd.since(Number(from));
    if (missed === null) {
      send('ERROR', new StatusError(410, 'Expired', `too old resource version: ${from} (${etcd.revision})`).toStatus());
      response.end();
      return;
    }
    missed.forEach(deliver);
  }
  const stop = etcd.onChange(deliver);
  const seconds = Number(query.get('timeoutSeconds') ?? 1800);
  const timer = setTimeout(() => response.end(), seconds * 1000);
  timer.unref();
  response.on('close', () => {
    stop();
    clearTimeout(timer);
  });
}
