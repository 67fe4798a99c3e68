import type { TokenInfo } from './auth.js';
import type { Caller } from './caller.js';
import type { ServerLook, ServerObserver } from './compute/server-observer.js';
import type { Credentials } from './credentials.js';
import type { ServiceName } from './errors.js';

/** A token in use. */
export interface Login {
  readonly token: string;
  readonly info: TokenInfo;
  /** From here on another one is fetched, while this one still serves. */
  refreshAt: number;
}

/** What the sessions of a cloud share. */
export interface SessionHost {
  readonly caller: Caller;
  login(credentials: Credentials, key: string, signal?: AbortSignal): Promise<Login>;
  forget(key: string, login: Login): void;
  endpoint(service: ServiceName, login: Login): string;
  observer(key: string, look: () => ServerLook): ServerObserver;
}
