export { loadConfig, policyFile, settings, InvalidConfiguration, type Settings } from './config.js';
export { settingsTable } from './table.js';
