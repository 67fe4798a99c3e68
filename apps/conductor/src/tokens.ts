/** Injection tokens of what is not a class of its own. */
export const SETTINGS = Symbol('settings');
export const LOGGER = Symbol('logger');
export const HANDLERS = Symbol('operation handlers');
