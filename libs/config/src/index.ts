export { loadConfig, settings, InvalidConfiguration, type Settings } from './config.js';
