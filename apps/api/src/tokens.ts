/** Names under which the API's parts that are not classes of their own are injected. */
export const SETTINGS = Symbol('settings');
export const LOGGER = Symbol('logger');
/** The service user's session with the cloud. */
export const SERVICE_SESSION = Symbol('service session');
/** What each driver can do with a cluster that is there. */
export const DRIVER_FEATURES = Symbol('driver features');
