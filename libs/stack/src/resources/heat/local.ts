import type { ResourceType } from '../../resource.js';

/** The verbs of what is in no cloud: its row is all there is of it. */
export const local: Pick<ResourceType, 'find' | 'remove'> = {
  // Whatever an attempt has made went with its answer.
  find: () => Promise.resolve(null),
  remove: () => Promise.resolve(),
};
