/** A Kubernetes object as JSON. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  [field: string]: unknown;
}

export type Json = Record<string, unknown>;

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Follows a path of keys through nested objects. */
export function dig(value: unknown, ...path: string[]): unknown {
  let here = value;
  for (const key of path) here = isJson(here) ? here[key] : undefined;
  return here;
}

/** As `dig`, but text: '' for anything else. */
export function digText(value: unknown, ...path: string[]): string {
  const found = dig(value, ...path);
  return typeof found === 'string' ? found : '';
}

/** Times as Kubernetes writes them: whole seconds, UTC. */
export function kubeTime(at = Date.now()): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** Secret data is base64. */
export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

export function unbase64(value: unknown): string {
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '';
}

/** A failure with its `Status` body. */
export class StatusError extends Error {
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
    readonly details?: Json,
  ) {
    super(message);
  }

  toStatus(): Json {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    };
  }
}
