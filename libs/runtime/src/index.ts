export { openBackends, type Backends } from './backends.js';
export { endOnSignals } from './end-on-signals.js';
export { createLogger, nestLogger } from './logger.js';
export { serviceCredentials } from './service-credentials.js';
