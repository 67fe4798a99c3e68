export { loadConfig, settings, InvalidConfiguration, type Settings } from './config.js';
export { settingsTable } from './table.js';
