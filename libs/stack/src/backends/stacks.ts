import { InvalidInput, type StackBackendName } from '#libs/domain';
import type { StackRef, StackRun, StackState } from '../engine/run.js';
import type { StackBackend } from './backend.js';

export interface StacksParts {
  /** Where the rows say which backend a stack has. */
  readonly rows: {
    /** The stack's; where it has no row yet, that of the cluster's first stack; null: the cluster has none. */
    backendFor(clusterUuid: string, stackName: string): Promise<StackBackendName | null>;
    backendOf(stackUuid: string): Promise<StackBackendName | null>;
  };
  readonly backends: Readonly<Partial<Record<StackBackendName, StackBackend>>>;
  /** Of clusters that ask for none. */
  readonly standard: StackBackendName;
}

/** All stacks, each done by the backend that its row names; a cluster's later stacks go where its first one went. */
export class Stacks implements StackBackend {
  constructor(private readonly parts: StacksParts) {}

  async apply(ref: StackRef, run: StackRun): Promise<Record<string, unknown>> {
    return this.backend(await this.nameFor(ref)).apply(ref, run);
  }

  /** Who builds a stack, or will build it. */
  async nameFor(ref: Pick<StackRef, 'clusterUuid' | 'name' | 'backend'>): Promise<StackBackendName> {
    const standing = await this.parts.rows.backendFor(ref.clusterUuid, ref.name);
    return standing ?? ref.backend ?? this.parts.standard;
  }

  async delete(ref: Pick<StackRef, 'uuid'>, run: StackRun): Promise<void> {
    const name = await this.parts.rows.backendOf(ref.uuid);
    if (name) await this.backend(name).delete(ref, run);
  }

  async check(ref: Pick<StackRef, 'uuid'>, run: StackRun, which?: (type: string) => boolean): Promise<string[]> {
    const name = await this.parts.rows.backendOf(ref.uuid);
    return (name && (await this.backend(name).check?.(ref, run, which))) || [];
  }

  state(stackUuid: string): StackState | undefined {
    for (const backend of Object.values(this.parts.backends)) {
      const state = backend.state(stackUuid);
      if (state) return state;
    }
    return undefined;
  }

  private backend(name: StackBackendName): StackBackend {
    const backend = this.parts.backends[name];
    if (backend) return backend;
    throw new InvalidInput('stack-backend-missing', `this conductor has no stack backend ${name}`, { backend: name });
  }
}
