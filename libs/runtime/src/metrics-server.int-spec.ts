import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Registry } from 'prom-client';
import { cloudMetrics } from './cloud-metrics.js';
import { createLogger } from './logger.js';
import { startMetricsServer, type MetricsServer } from './metrics-server.js';
import { freePort } from '#libs/testing';

const log = createLogger('silent', { service: 'test' });

describe('the listener for metrics', () => {
  const servers: MetricsServer[] = [];
  after(() => Promise.all(servers.map((server) => server.close())));

  async function start(token?: string, ready = (): Promise<object> => Promise.resolve({ database: 'ok' })): Promise<string> {
    const registry = new Registry();
    const metrics = cloudMetrics(registry);
    metrics.watch({
      traffic: {
        states: () => [{ service: 'compute', breaker: 'open', callsPerSecond: 50, waiting: 7, slowedLanes: 1 }],
      },
      logins: { size: 3 },
    });
    const call = { service: 'compute', method: 'GET', template: '/servers/{id}', ms: 20, waitedMs: 0 } as const;
    metrics.onCall({ ...call, status: 503, attempt: 1 });
    metrics.onCall({ ...call, status: 200, attempt: 2, waitedMs: 1_500 });
    metrics.onCall({ ...call, status: null, attempt: 1 });
    metrics.onCall({ ...call, service: 'identity', method: 'POST', template: '/auth/tokens', status: 201, attempt: 1 });
    const server = await startMetricsServer({ host: '127.0.0.1', port: await freePort(), token, registry, ready, log });
    servers.push(server);
    return `http://127.0.0.1:${server.port}`;
  }

  it('shows how the process gets on with the cloud, by service, method, template and status', async () => {
    const text = await (await fetch(`${await start()}/metrics`)).text();
    for (const line of [
      'jeroboam_cloud_calls_total{service="compute",method="GET",template="/servers/{id}",status="503"} 1',
      'jeroboam_cloud_calls_total{service="compute",method="GET",template="/servers/{id}",status="none"} 1',
      'jeroboam_cloud_call_seconds_count{service="compute",method="GET"} 3',
      'jeroboam_cloud_retries_total{service="compute",method="GET"} 1',
      'jeroboam_cloud_throttled_total{service="compute"} 1',
      'jeroboam_cloud_throttled_seconds_total{service="compute"} 1.5',
      'jeroboam_cloud_logins_total{status="201"} 1',
      'jeroboam_cloud_breaker_state{service="compute"} 2',
      'jeroboam_cloud_calls_allowed_per_second{service="compute"} 50',
      'jeroboam_cloud_calls_waiting{service="compute"} 7',
      'jeroboam_cloud_lanes_slowed{service="compute"} 1',
      'jeroboam_cloud_tokens 3',
    ])
      assert.ok(text.includes(line), `${line}\nis not in\n${text}`);
  });

  it('wants the token where one is set, for the metrics alone', async () => {
    const url = await start('a-token-of-16-characters');
    const status = async (path: string, authorization = ''): Promise<number> =>
      (await fetch(`${url}${path}`, { headers: { authorization } })).status;
    assert.equal(await status('/metrics'), 401);
    assert.equal(await status('/metrics', 'Bearer wrong'), 401);
    assert.equal(await status('/metrics', 'Bearer a-token-of-16-characters'), 200);
    assert.equal(await status('/healthz'), 200);
    assert.equal(await status('/readyz'), 200);
    assert.equal(await status('/other'), 404);
  });

  it('says that the process cannot work', async () => {
    const url = await start(undefined, () => Promise.reject(new Error('the database does not answer: secret')));
    const answer = await fetch(`${url}/readyz`);
    assert.equal(answer.status, 503);
    assert.doesNotMatch(await answer.text(), /secret/);
  });

  it('does without when the port is taken, and when none is wanted', async () => {
    const port = Number(new URL(await start()).port);
    const listener = { host: '127.0.0.1', registry: new Registry(), ready: () => Promise.resolve({}), log };
    assert.equal((await startMetricsServer({ ...listener, port })).port, null);
    assert.equal((await startMetricsServer({ ...listener, port: 0 })).port, null);
  });
});
