import type { Slot } from '../../graph/walk.js';

/** For work outside a walk: nobody else waits for a place. */
export const ALONE: Slot = { rest: (work) => work() };
