import { z } from 'zod';
import type { Query } from '../caller.js';
import { gone } from '../collection.js';
import type { ServiceApi } from '../service-api.js';

const heatStack = z.looseObject({
  id: z.string(),
  stack_name: z.string(),
  /** `<action>_<status>`: CREATE_IN_PROGRESS, UPDATE_FAILED, ... */
  stack_status: z.string(),
  stack_status_reason: z.string().nullish(),
  tags: z.array(z.string()).nullish(),
  parent: z.string().nullish(),
  /** Set when Heat has cleaned up behind a stack that is DELETE_COMPLETE. */
  deletion_time: z.string().nullish(),
  outputs: z
    .array(z.looseObject({ output_key: z.string(), output_value: z.unknown(), output_error: z.string().nullish() }))
    .nullish(),
});
export type HeatStack = z.infer<typeof heatStack>;

const heatResource = z.looseObject({
  resource_name: z.string(),
  resource_type: z.string(),
  /** `<action>_<status>`; INIT_COMPLETE: not begun. */
  resource_status: z.string(),
  resource_status_reason: z.string().nullish(),
  /** Empty while there is no object. */
  physical_resource_id: z.string().nullish(),
});
export type HeatResource = z.infer<typeof heatResource>;

const heatEvent = z.looseObject({
  id: z.string(),
  event_time: z.string(),
  resource_name: z.string().nullish(),
  resource_status: z.string().nullish(),
  resource_status_reason: z.string().nullish(),
  /** Of an object that is not there yet it is the name that it will get. */
  physical_resource_id: z.string().nullish(),
});
export type HeatEvent = z.infer<typeof heatEvent>;

/** How a stack is known: Heat wants both in the path. */
export interface HeatStackRef {
  readonly name: string;
  readonly id: string;
}

export interface HeatStackBody {
  readonly template: object;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly timeout_mins?: number;
  readonly disable_rollback?: boolean;
  /** Joined by commas. */
  readonly tags?: string;
}

const ONE = '/stacks/{name}/{id}';
const service = 'orchestration' as const;

/**
 * Heat stacks, API v1. An administrator reaches those of other projects by name and id together.
 * Source: heat api/openstack/v1/{stacks,resources,events}.py, 2025.1.
 */
export class HeatStacks {
  constructor(private readonly api: ServiceApi) {}

  /** @throws OpenStackError, `isConflict` when the project has a stack of that name */
  async create(name: string, body: HeatStackBody): Promise<{ id: string }> {
    const reply = await this.api.call({
      service,
      method: 'POST',
      template: '/stacks',
      body: { stack_name: name, ...body },
      reply: z.looseObject({ stack: z.looseObject({ id: z.string() }) }),
    });
    return { id: reply.body.stack.id };
  }

  /** The project's stack of exactly that name; deleted ones do not count, though Heat still lists them for a moment. */
  async named(name: string): Promise<HeatStack | null> {
    const reply = await this.api.call({
      service,
      method: 'GET',
      template: '/stacks',
      query: { name },
      reply: z.looseObject({ stacks: z.array(heatStack) }),
    });
    return (
      reply.body.stacks.find((one) => one.stack_name === name && !one.parent && one.stack_status !== 'DELETE_COMPLETE') ?? null
    );
  }

  /**
   * With tags; a deleted one is still shown for a while, as DELETE_COMPLETE. Resolving the outputs costs Heat a look at the objects.
   * @throws OpenStackError, `isNotFound`
   */
  async get({ name, id }: HeatStackRef, options: { readonly outputs?: boolean } = {}): Promise<HeatStack> {
    const reply = await this.api.call({
      service,
      method: 'GET',
      template: ONE,
      params: { name, id },
      query: { resolve_outputs: options.outputs ?? false },
      reply: z.looseObject({ stack: heatStack }),
    });
    return reply.body.stack;
  }

  /** The whole of it: parameters that are not given go back to their defaults. @throws OpenStackError, `isConflict` it is busy */
  async update({ name, id }: HeatStackRef, body: HeatStackBody): Promise<void> {
    await this.api.call({ service, method: 'PUT', template: ONE, params: { name, id }, body });
  }

  /** Asks for the removal; a stack that is not there is removed already. */
  async delete({ name, id }: HeatStackRef): Promise<void> {
    await gone(this.api.call({ service, method: 'DELETE', template: ONE, params: { name, id } }));
  }

  /** Heat forgets the stack and leaves its objects alone. Off by default in Heat (`enable_stack_abandon`). */
  async abandon({ name, id }: HeatStackRef): Promise<void> {
    await gone(this.api.call({ service, method: 'DELETE', template: `${ONE}/abandon`, params: { name, id } }));
  }

  /** @param filter Heat's: `type`, `status`, `name`, `action`, `nested_depth`, `with_detail` */
  async resources({ name, id }: HeatStackRef, filter: Query = {}): Promise<HeatResource[]> {
    const reply = await this.api.call({
      service,
      method: 'GET',
      template: `${ONE}/resources`,
      params: { name, id },
      query: filter,
      reply: z.looseObject({ resources: z.array(heatResource) }),
    });
    return reply.body.resources;
  }

  /**
   * The newest first, unless `sort_dir` says otherwise.
   * @param filter Heat's: `marker`, `limit`, `sort_dir`, `resource_status`, `resource_name`, ...; an unknown marker counts as none
   */
  async events({ name, id }: HeatStackRef, filter: Query = {}): Promise<HeatEvent[]> {
    const reply = await this.api.call({
      service,
      method: 'GET',
      template: `${ONE}/events`,
      params: { name, id },
      query: filter,
      reply: z.looseObject({ events: z.array(heatEvent) }),
    });
    return reply.body.events;
  }

  /** The next update replaces this resource, whatever Heat thinks of it. Wire: `PATCH .../resources/{name}`, Newton. */
  async markUnhealthy({ name, id }: HeatStackRef, resource: string, reason: string): Promise<void> {
    await this.api.call({
      service,
      method: 'PATCH',
      template: `${ONE}/resources/{resource}`,
      params: { name, id, resource },
      body: { mark_unhealthy: true, resource_status_reason: reason },
      idempotent: true,
    });
  }

  /** As Heat keeps it. @throws OpenStackError, `isNotFound` */
  async template({ name, id }: HeatStackRef): Promise<Record<string, unknown>> {
    const reply = await this.api.call({
      service,
      method: 'GET',
      template: `${ONE}/template`,
      params: { name, id },
      reply: z.record(z.string(), z.unknown()),
    });
    return reply.body;
  }
}
