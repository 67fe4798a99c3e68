import { InvalidInput } from '#libs/domain';
import { isUuidText, type EventFilter, type EventLevel } from '#libs/db';
import { choice, integer, query, text } from '../../http/wire.js';
import type { z } from 'zod';

const LEVELS: readonly EventLevel[] = ['info', 'warning', 'error'];

export const eventQuery = query({
  after: integer({
    description: 'Only events after the one with this number',
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    fallback: 0,
  }),
  limit: integer({ description: 'Items at most; a stream goes on', min: 1, max: 1000, fallback: 100 }),
  operation: text({ description: 'Only events of the operation with this uuid' }),
  node: text({ description: 'Only events about the node with this uuid' }),
  type: text({ description: 'Only events of this type, or of the types that begin with it and a dot' }),
  level: choice({ description: 'Only events of this level, and worse', values: LEVELS, fallback: null }),
});
export type EventQuery = z.output<typeof eventQuery>;

/** @throws InvalidInput */
export function filterOf({ operation, node, type, level }: EventQuery): EventFilter {
  for (const [field, value] of Object.entries({ operation, node })) {
    if (value !== null && !isUuidText(value)) {
      throw new InvalidInput('invalid-input', `Invalid input for field/attribute ${field}. Expected a uuid.`, { field });
    }
  }
  return { operationUuid: operation, nodeUuid: node, type, level };
}

/** Where a stream that broke off goes on: the header `Last-Event-ID`, when the client sends it. @throws InvalidInput */
export function lastEventId(header: string | string[] | undefined): number | undefined {
  if (header === undefined || header === '') return undefined;
  const id = typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
  if (id !== undefined) return id;
  throw new InvalidInput('invalid-input', 'Invalid input for field/attribute Last-Event-ID. Expected the id of an event.', {
    field: 'Last-Event-ID',
  });
}

/** Whether the client wants a stream of events. */
export const wantsStream = (accept: string | undefined): boolean => /(^|[\s,])text\/event-stream\b/i.test(accept ?? '');
