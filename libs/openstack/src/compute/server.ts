import { z } from 'zod';

export const server = z.looseObject({
  id: z.string(),
  name: z.string().default(''),
  /** BUILD, ACTIVE, ERROR, DELETED, SHUTOFF ... UNKNOWN while Nova cannot ask its cell. */
  status: z.string().default('UNKNOWN'),
  'OS-EXT-STS:task_state': z.string().nullish(),
  created: z.string().default(''),
  metadata: z.record(z.string(), z.string()).default({}),
  addresses: z
    .record(
      z.string(),
      z.array(
        z.looseObject({
          addr: z.string(),
          version: z.number().default(4),
          'OS-EXT-IPS:type': z.string().optional(),
          'OS-EXT-IPS-MAC:mac_addr': z.string().optional(),
        }),
      ),
    )
    .default({}),
  /** Why it is in ERROR; `details` only for administrators. */
  fault: z.looseObject({ message: z.string().default(''), code: z.number().optional() }).optional(),
  user_id: z.string().optional(),
  tenant_id: z.string().optional(),
});
export type Server = z.infer<typeof server>;

export interface ObserveOptions {
  /** Waiters with the same prefix of names share one list; without it each asks for its own server. */
  readonly namePrefix?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Ask a missing server a second time, two seconds later: one that was just made may not be in every cell yet. */
  readonly askTwice?: boolean | undefined;
}

export const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
