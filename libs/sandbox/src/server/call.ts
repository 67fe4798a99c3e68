import type { Auth } from '../identity/auth.js';

export type Json = Record<string, unknown>;

/** How an injected fault bends the thing that a call makes: it ends in ERROR, or never gets anywhere. */
export interface Outcome {
  readonly outcome: 'error' | 'stuck';
  readonly reason: string;
}

/** One request, as handlers see it. */
export interface Call {
  readonly method: string;
  /** Path below the service's prefix. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  header(name: string): string | undefined;
  /** Parsed JSON, or undefined without a body. */
  readonly body: unknown;
  readonly requestId: string;
  /** Nova's and Cinder's microversion as [major, minor]. */
  readonly microversion: readonly [number, number];
  /** Whom the token names. Handlers of public routes must not ask. */
  readonly auth: Auth;
  readonly outcome?: Outcome | undefined;
}

export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Synchronous on purpose: one call is one step of the world, without locks. */
export type Handler = (call: Call) => Reply;

export interface Route {
  readonly method: string;
  /** `/servers/:id/action` */
  readonly template: string;
  readonly handler: Handler;
  /** Needs no token. */
  readonly open: boolean;
}

export const route = (method: string, template: string, handler: Handler): Route => ({ method, template, handler, open: false });
export const openRoute = (method: string, template: string, handler: Handler): Route => ({
  method,
  template,
  handler,
  open: true,
});

/** True when the call asks for microversion `major.minor` or newer. */
export const since = (call: Call, minor: number, major = 2): boolean =>
  call.microversion[0] > major || (call.microversion[0] === major && call.microversion[1] >= minor);

export const ok = (body: unknown): Reply => ({ status: 200, body });
export const created = (body: unknown): Reply => ({ status: 201, body });
export const accepted = (body?: unknown): Reply => ({ status: 202, body });
export const noContent: Reply = { status: 204 };
