import { Transient } from '#libs/domain';
import type { CloudSession } from '#libs/openstack';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { AnyResourceType, Attributes, PollResult, ResourceContext } from '../../resource.js';
import { builtinResources } from '../index.js';

export interface Made {
  readonly type: AnyResourceType;
  readonly ctx: ResourceContext;
  readonly properties: unknown;
  readonly id: string;
  readonly attributes: Attributes;
}

/** A cluster's worth of objects made by the resource types themselves, as the kernel would, and taken away again. */
export class World {
  readonly clusterUuid = randomUUID();
  private readonly made: Made[] = [];
  private count = 0;

  constructor(
    readonly session: CloudSession,
    readonly projectId: string,
    /** Between two looks: short for a simulated cloud, long for a real one. */
    private readonly pauseMs: number,
    private readonly patienceMs = 60_000,
  ) {}

  context(what: string): ResourceContext {
    const logicalName = `${what}-${this.count++}`;
    return {
      cloud: this.session,
      logicalName,
      physicalName: `contract-${this.clusterUuid.replaceAll('-', '').slice(0, 12)}-${logicalName}`,
      resourceId: randomUUID(),
      stack: { uuid: randomUUID(), name: 'contract', clusterUuid: this.clusterUuid, projectId: this.projectId },
      signal: new AbortController().signal,
    };
  }

  /** Create and poll until done. */
  async make(typeName: string, given: Record<string, unknown>, ctx?: ResourceContext): Promise<Made> {
    const type = typeNamed(typeName);
    const properties = type.properties.parse(given);
    const context = ctx ?? this.context(shortName(typeName));
    const created = await this.patiently(() => type.create(context, properties));
    const id = typeof created === 'string' ? created : created.id;
    const attributes = typeof created === 'string' ? await this.ready(type, context, id, properties) : created.attributes;
    const made = { type, ctx: context, properties, id, attributes };
    this.made.push(made);
    return made;
  }

  /** What the kernel does after an id is known. */
  async ready(type: AnyResourceType, ctx: ResourceContext, id: string, properties: unknown): Promise<Attributes> {
    let result: PollResult = 'pending';
    await this.until(async () => {
      result = await type.poll(ctx, id, properties);
      return result !== 'pending';
    });
    return typeof result === 'object' ? (result as { attributes: Attributes }).attributes : type.read(ctx, id);
  }

  async remove(type: AnyResourceType, ctx: ResourceContext, id: string): Promise<void> {
    await this.patiently(() => type.remove(ctx, id));
    await this.until(async () => (type.gone ? type.gone(ctx, id) : true));
  }

  /** Adopts what was found, so that it is taken away with the rest. */
  keep(made: Omit<Made, 'attributes'>): void {
    this.made.push({ ...made, attributes: {} });
  }

  async cleanUp(): Promise<void> {
    for (const { type, ctx, id } of this.made.splice(0).reverse()) await this.remove(type, ctx, id);
  }

  /** Again while the cloud says "busy, later". */
  async patiently<T>(work: () => Promise<T>): Promise<T> {
    let answer: { value: T } | undefined;
    await this.until(async () => {
      try {
        answer = { value: await work() };
        return true;
      } catch (error) {
        if (error instanceof Transient) return false;
        throw error;
      }
    });
    assert.ok(answer);
    return answer.value;
  }

  async until(done: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + this.patienceMs;
    while (!(await done())) {
      assert.ok(Date.now() < deadline, 'it takes too long');
      await pause(this.pauseMs);
    }
  }
}

export function typeNamed(name: string): AnyResourceType {
  const type = builtinResources.find((one) => one.type === name);
  assert.ok(type, name);
  return type;
}

/** `net` of `OS::Neutron::Net`. */
export const shortName = (typeName: string): string => (typeName.split('::').at(-1) ?? typeName).toLowerCase();
