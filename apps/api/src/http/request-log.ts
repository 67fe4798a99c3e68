import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { Counter, Histogram, type Registry } from 'prom-client';
import type { ApiRequest } from './request.js';

/** One line per answer and its duration for Prometheus. Paths are those of the routes, so no name or id is counted. */
export function installRequestLog(server: FastifyInstance, registry: Registry, log: Logger): void {
  const { seconds, failures } = metricsOf(registry);
  server.addHook('onResponse', async (request, reply) => {
    const { context } = request as ApiRequest;
    const route = request.routeOptions.url ?? 'unknown';
    const status = String(reply.statusCode);
    seconds.observe({ method: request.method, route, status }, reply.elapsedTime / 1000);
    if (reply.statusCode >= 500) failures.inc({ route, status });
    log.info(
      {
        requestId: request.id,
        globalRequestId: request.headers['x-openstack-request-id'],
        method: request.method,
        route,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        projectId: context?.projectId,
        userId: context?.userId,
      },
      'answered',
    );
  });
}

const SECONDS = 'jeroboam_api_request_seconds';
const FAILURES = 'jeroboam_api_server_errors_total';

interface ApiMetrics {
  readonly seconds: Histogram<'method' | 'route' | 'status'>;
  readonly failures: Counter<'route' | 'status'>;
}

/** Made once in a process, however many servers there are in it. */
function metricsOf(registry: Registry): ApiMetrics {
  const registers = [registry];
  const known = registry.getSingleMetric(SECONDS);
  if (known) return { seconds: known, failures: registry.getSingleMetric(FAILURES) } as ApiMetrics;
  return {
    seconds: new Histogram({
      name: SECONDS,
      help: 'How long requests took, by method, route and status',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5, 30],
      registers,
    }),
    failures: new Counter({
      name: FAILURES,
      help: 'Answers with a status of 500 and above',
      labelNames: ['route', 'status'],
      registers,
    }),
  };
}
