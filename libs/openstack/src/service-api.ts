import type { z } from 'zod';
import type { Call, Reply } from './caller.js';

/** A call to a service, without what the session knows: base, token and signal. */
export type ServiceCall<S extends z.ZodType> = Omit<Call<S>, 'base' | 'signal'>;

/** What the resources need of a session. */
export interface ServiceApi {
  /** @throws OpenStackError; the reason of the session's signal */
  call<S extends z.ZodType>(call: ServiceCall<S>): Promise<Reply<z.infer<S>>>;
}
