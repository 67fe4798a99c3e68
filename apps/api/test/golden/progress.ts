import type { Recorder } from './recorder.js';
import { makeCluster, makeTemplate, NOTHING, sql, type Scenario } from './scenario.js';

const path = '/v1/clusters/k1';

/** Beyond Magnum: what a cluster is doing. */
export const progress: Scenario = {
  resource: 'progress',
  async run(g) {
    await makeTemplate(g, 't');
    const uuid = await makeCluster(g, 'k1');
    const { operations } = await g.ask<{ operations: { uuid: string }[] }>(200, 'operations', `GET ${path}/operations`);
    const operation = g.name(operations[0]?.uuid ?? '', 'operation');
    await sql(
      g,
      `UPDATE operations SET status = 'running', step = 'nodes', progress = 40, attempts = 1, started_at = now() WHERE uuid = $1`,
      operation,
    );
    await sql(
      g,
      `INSERT INTO operation_steps (operation_uuid, name, position, status, finished_at) VALUES ($1, 'trust', 1, 'complete', now())`,
      operation,
    );
    await sql(
      g,
      `INSERT INTO operation_steps (operation_uuid, name, position, status, attempts, error) VALUES ($1, 'infrastructure', 2, 'failed', 2,
       '{"code": "floating-ip-pool-exhausted", "message": "network: Unable to find any IP address", "object": "OS::Neutron::FloatingIP k1-api",
        "step": "infrastructure", "fixableBy": "operator", "hint": "release floating IPs", "docs": "docs/errors.md#floating-ip-pool-exhausted",
        "requestId": "req-1"}')`,
      operation,
    );
    await sql(
      g,
      `INSERT INTO events (cluster_uuid, project_id, operation_uuid, type, level, message, data) VALUES ($1, 'p-demo', $2, 'stack.resource', 'error',
       'network: No more IP addresses', '{"resource": "api-floating-ip", "resourceType": "OS::Neutron::FloatingIP", "action": "CREATE",
        "status": "FAILED", "requestId": "req-of-neutron"}')`,
      uuid,
      operation,
    );
    await g.ask(200, 'an operation with its steps', `GET ${path}/operations/${operation}`);
    await g.ask(200, 'operations, a full page', `GET ${path}/operations?limit=1`, { as: 'reader' });
    await g.ask(200, 'operations before the first', `GET ${path}/operations?before=1`);
    await changeOperations(g, uuid, operation);
    await g.ask(200, 'events', `GET ${path}/events`);
    await g.ask(200, 'events: nothing new', `GET ${path}/events?after=99`);
    await g.ask(200, 'nodes: none yet', `GET ${path}/nodes`);
    const node = g.name('7d1b6b1e-3a52-4a11-9f0e-2f6d5c4b3a21', 'node');
    await sql(
      g,
      `INSERT INTO nodes (uuid, project_id, cluster_uuid, node_group_uuid, role, slot, name, server_id, private_ip, floating_ip, phase, phase_status)
       SELECT $1, project_id, cluster_uuid, uuid, 'master', 0, 'k1-0123456789ab-master-0', $2, '10.0.0.10', '203.0.113.5', 'kubeadm-init', 'failed'
       FROM node_groups WHERE cluster_uuid = $3 AND role = 'master'`,
      node,
      g.name('0c2f4a9b-7a53-4a0e-8f0b-3c6f1e2d9a11', 'server'),
      uuid,
    );
    await sql(
      g,
      `INSERT INTO node_phases (node_uuid, phase, status, exit_code, log_tail) VALUES ($1, 'boot', 'done', NULL, NULL),
       ($1, 'kubeadm-init', 'failed', 1, 'error execution phase preflight')`,
      node,
    );
    await g.ask(200, 'nodes', `GET ${path}/nodes`);
    await g.ask(200, 'a node', `GET ${path}/nodes/k1-0123456789ab-master-0`);
    await g.ask(200, 'nodes, a full page', `GET ${path}/nodes?limit=1`);
    await g.ask(200, 'nodes after the last', `GET ${path}/nodes?marker=${node}`);
    await g.ask(200, 'the console of a node', `GET ${path}/nodes/${node}/console?lines=2`);
    await sql(g, 'UPDATE nodes SET server_id = NULL WHERE uuid = $1', node);
    await g.ask(409, 'the console of a node: it has no server', `GET ${path}/nodes/${node}/console`);
    await g.ask(400, 'the console of a node: no lines', `GET ${path}/nodes/${node}/console?lines=0`);
    for (const what of ['', '/console']) {
      await g.ask(404, `${what ? 'the console of a node' : 'a node'}: it is not there`, `GET ${path}/nodes/${NOTHING}${what}`);
    }
    await g.ask(404, 'nodes: the marker is not there', `GET ${path}/nodes?marker=${NOTHING}`);
    await g.ask(400, 'nodes: a marker that is no uuid', `GET ${path}/nodes?marker=x`);
    await g.ask(200, 'events of a type', `GET ${path}/events?type=operation.abort-requested`);
    await g.ask(200, 'events of an operation, from a level on', `GET ${path}/events?operation=${operation}&level=warning`);
    await g.ask(400, 'events: a node that is no uuid', `GET ${path}/events?node=x`);
    Object.assign(g.api.parts.settings, { EVENT_STREAMS: 0 });
    await g.ask(429, 'events: too many streams', `GET ${path}/events`, { headers: { accept: 'text/event-stream' } });
    await g.ask(400, 'events: a number that is none', `GET ${path}/events?after=x`);
    await g.ask(400, 'operations: a limit of nothing', `GET ${path}/operations?limit=0`);
    await g.ask(400, 'nodes: a parameter that is not there', `GET ${path}/nodes?role=master`);
    await g.ask(404, 'events: another project’s', `GET ${path}/events`, { as: 'other' });
    await g.ask(404, 'operations: another project’s', `GET ${path}/operations`, { as: 'other' });
    await g.ask(404, 'an operation: it is not there', `GET ${path}/operations/${NOTHING}`);
    await g.ask(404, 'nodes: another project’s', `GET ${path}/nodes`, { as: 'other' });
    await makeCluster(g, 'twins');
    await makeCluster(g, 'twins');
    for (const name of ['abort', 'retry', 'resume']) {
      await g.ask(409, `${name}: several clusters of this name`, `POST /v1/clusters/twins/operations/${operation}/${name}`);
    }
    for (const what of ['events', 'operations', `operations/${operation}`, 'nodes', `nodes/${node}`, `nodes/${node}/console`]) {
      await g.ask(
        409,
        `${what.replace(operation, '{operation}').replace(node, '{node}')}: several clusters of this name`,
        `GET /v1/clusters/twins/${what}`,
      );
    }
    await sql(g, 'DELETE FROM clusters WHERE uuid = $1', uuid);
    await g.ask(200, 'events of a cluster that is gone', `GET /v1/clusters/${uuid}/events`);
    await g.ask(404, 'nodes of a cluster that is gone', `GET /v1/clusters/${uuid}/nodes`);
  },
};

/** Abort, retry, resume: of a create, from its run to a new one. */
async function changeOperations(g: Recorder, uuid: string, operation: string): Promise<void> {
  const on = (name: string, ident = 'k1'): string => `POST /v1/clusters/${ident}/operations/${operation}/${name}`;
  for (const again of ['retry', 'resume']) await g.ask(409, `${again}: it has not ended`, on(again));
  await g.ask(202, 'abort', on('abort'));
  await sql(
    g,
    `UPDATE operations SET status = 'aborted', finished_at = now(), error = '{"code": "aborted", "message": "nodes: aborted by request",
       "step": "nodes", "fixableBy": "user"}' WHERE uuid = $1`,
    operation,
  );
  await sql(g, `UPDATE clusters SET status = 'CREATE_FAILED', status_reason = 'nodes: aborted by request' WHERE uuid = $1`, uuid);
  await g.ask(409, 'abort: it has ended', on('abort'));
  await g.ask(202, 'resume', on('resume'));
  await g.ask(409, 'retry: it is open again', on('retry'));
  await sql(g, `UPDATE operations SET status = 'failed', finished_at = now() WHERE uuid = $1`, operation);
  await g.ask(409, 'resume: the cluster’s status does not allow it', on('resume'));
  await sql(g, `UPDATE clusters SET status = 'CREATE_FAILED' WHERE uuid = $1`, uuid);
  const { uuid: next } = await g.ask<{ uuid: string }>(202, 'retry', on('retry'));
  g.name(next, 'the next operation');
  await sql(g, `UPDATE operations SET status = 'complete', finished_at = now() WHERE uuid = $1`, next);
  for (const again of ['retry', 'resume']) await g.ask(409, `${again}: a newer one is about the same`, on(again));
  for (const name of ['abort', 'retry', 'resume']) {
    await g.ask(404, `${name}: it is not there`, `POST ${path}/operations/${NOTHING}/${name}`);
    await g.ask(404, `${name}: another project’s`, on(name), { as: 'other' });
  }
}
