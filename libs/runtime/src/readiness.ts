import type { Backends } from './backends.js';

/** What a process of ours needs, and that it is there. @throws Error naming what does not answer */
export async function readiness({ source, queue }: Pick<Backends, 'source' | 'queue'>): Promise<{ database: 'ok'; queue: 'ok' }> {
  const [, { ok }] = await Promise.all([source.query('SELECT 1'), queue.health()]);
  if (!ok) throw new Error('the queue does not answer');
  return { database: 'ok', queue: 'ok' };
}
