import type { Caller } from './caller.js';
import type { ServerLook, ServerObserver } from './compute/server-observer.js';
import type { ServiceName } from './errors.js';
import type { Login, Logins } from './logins.js';

/** What the sessions of a cloud share. */
export interface SessionHost {
  readonly caller: Caller;
  readonly logins: Logins;
  endpoint(service: ServiceName, login: Login): string;
  observer(key: string, look: () => ServerLook): ServerObserver;
}
