import { AsyncLocalStorage } from 'node:async_hooks';

/** What the calls of one piece of work have left behind; read by whoever does the work. */
export interface CallNote {
  /** The cloud's id of the last request that changed something, or failed. */
  requestId?: string | undefined;
}

const notes = new AsyncLocalStorage<CallNote>();

/** Runs work whose calls are noted: the note goes with the asynchronous work, so that no call needs to be told of it. */
export function withCallNote<T>(work: () => T): T {
  return notes.run({}, work);
}

/** The request id that was noted last, once. */
export function takeRequestId(): string | undefined {
  const note = notes.getStore();
  const requestId = note?.requestId;
  if (note) note.requestId = undefined;
  return requestId;
}

/** By the caller, of every answer. Reads that went well change nothing. */
export function noteCall(method: string, status: number | null, requestId: string | undefined): void {
  const note = notes.getStore();
  if (note && requestId && (method !== 'GET' || status === null || status >= 400)) note.requestId = requestId;
}
