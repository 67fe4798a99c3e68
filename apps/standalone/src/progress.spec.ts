import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { milestones } from './progress.js';

const states = (phase: string, phase_status: 'started' | 'done' | 'failed'): string =>
  milestones({ phase, phase_status })
    .map(({ state }) => state[0])
    .join('');

describe('the milestones of a node', () => {
  for (const [phase, status, expected, why] of [
    ['planned', 'done', 'rwwww', 'a planned node waits for its server'],
    ['server', 'done', 'drwww', 'a server that is ACTIVE boots'],
    ['boot', 'done', 'ddrww', 'a booted node fetches its bundle'],
    ['bundle', 'started', 'ddrww', 'and goes on fetching'],
    ['prepare', 'started', 'dddrw', 'preparation is part of kubeadm'],
    ['containerd', 'done', 'dddrw', 'a phase on the way does not end its milestone'],
    ['kubeadm-join', 'failed', 'dddfw', 'a failure stays where it is'],
    ['kubeadm-init', 'done', 'ddddr', 'init ends kubeadm as join does'],
    ['ready', 'done', 'ddddd', 'Ready is the end'],
  ] as const) {
    it(why, () => assert.equal(states(phase, status), expected));
  }
});
