export { openBackends, type Backends } from './backends.js';
export { cloudMetrics } from './cloud-metrics.js';
export { runCommand, say } from './command.js';
export { endOnSignals } from './end-on-signals.js';
export { createLogger, nestLogger } from './logger.js';
export { startMetricsServer, type MetricsServer } from './metrics-server.js';
export { readiness } from './readiness.js';
export { serviceCredentials } from './service-credentials.js';
