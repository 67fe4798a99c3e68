import { z } from 'zod';
import { absent, gone, type Found } from '../collection.js';
import type { ServiceApi } from '../service-api.js';
import { COMPUTE_HEADERS } from './microversion.js';

const keypair = z.looseObject({
  name: z.string(),
  public_key: z.string(),
  fingerprint: z.string().default(''),
  type: z.string().default('ssh'),
});
export type Keypair = z.infer<typeof keypair>;

/** Nova key pairs: a user's own, known by name. */
export class Keypairs {
  constructor(private readonly api: ServiceApi) {}

  async create(body: { name: string; public_key: string; type?: string | undefined }): Promise<Keypair> {
    const reply = await this.api.call({
      ...this.common('/os-keypairs'),
      method: 'POST',
      body: { keypair: body },
      reply: z.looseObject({ keypair }),
    });
    return reply.body.keypair;
  }

  async get(name: string): Promise<Keypair> {
    const reply = await this.api.call({
      ...this.common('/os-keypairs/{name}'),
      method: 'GET',
      params: { name },
      reply: z.looseObject({ keypair }),
    });
    return reply.body.keypair;
  }

  async list(): Promise<Keypair[]> {
    const reply = await this.api.call({
      ...this.common('/os-keypairs'),
      method: 'GET',
      reply: z.looseObject({ keypairs: z.array(z.looseObject({ keypair })) }),
    });
    return reply.body.keypairs.map((entry) => entry.keypair);
  }

  async delete(name: string): Promise<void> {
    await gone(this.api.call({ ...this.common('/os-keypairs/{name}'), method: 'DELETE', params: { name } }));
  }

  /** By name, which is its id: never ambiguous. */
  async find(name: string): Promise<Found<Keypair>> {
    const object = await absent(this.get(name));
    return object ? { kind: 'found', object } : { kind: 'none' };
  }

  private common(template: string): { service: 'compute'; template: string; headers: Readonly<Record<string, string>> } {
    return { service: 'compute', template, headers: COMPUTE_HEADERS };
  }
}
