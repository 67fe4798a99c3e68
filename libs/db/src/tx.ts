import type { EntityManager } from 'typeorm';

/** A running transaction. Every write takes one, so that none is forgotten. */
export interface Tx {
  readonly manager: EntityManager;
}
