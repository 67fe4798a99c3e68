import { randomUUID } from 'node:crypto';
import type { CloudView, ListenerView, ServerView } from '../cloud-view.js';

/** A cloud in memory for tests of guests: change it, and it rings. */
export class FakeCloudView implements CloudView {
  readonly #servers = new Map<string, ServerView>();
  readonly #listenerMap = new Map<string, ListenerView>();
  readonly #bells = new Set<() => void>();

  servers(): readonly ServerView[] {
    return [...this.#servers.values()];
  }

  listeners(): readonly ListenerView[] {
    return [...this.#listenerMap.values()];
  }

  onChange(changed: () => void): () => void {
    this.#bells.add(changed);
    return () => this.#bells.delete(changed);
  }

  server(values: Partial<ServerView> & Pick<ServerView, 'name'>): ServerView {
    const id = values.id ?? randomUUID();
    const server: ServerView = {
      id,
      projectId: 'p',
      status: 'ACTIVE',
      userData: null,
      metadata: {},
      ports: [],
      ...this.#servers.get(id),
      ...values,
    };
    this.#servers.set(id, server);
    this.#ring();
    return server;
  }

  remove(id: string): void {
    this.#servers.delete(id);
    this.#ring();
  }

  listener(listener: ListenerView): void {
    this.#listenerMap.set(listener.id, listener);
    this.#ring();
  }

  #ring(): void {
    for (const bell of this.#bells) bell();
  }
}
