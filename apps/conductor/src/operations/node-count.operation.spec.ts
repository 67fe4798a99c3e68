import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { EventsRepository, NewEvent, NodeGroupEntity, NodesRepository } from '#libs/db';
import type { GroupEnd } from './group-end.js';
import { ResizeOperation } from './node-count.operation.js';
import type { NodeChange } from './nodes/node-change.js';
import type { NodeGroupSteps } from './nodes/node-group-steps.js';
import type { OperationContext } from './operation.js';

it('warns of nodes that are not there, and of the first few only when thousands are named', async () => {
  let plan: Parameters<NodeGroupSteps['around']>[0] | undefined;
  const steps = {
    around: (given: Parameters<NodeGroupSteps['around']>[0]) => {
      plan = given;
      return [];
    },
  } as unknown as NodeGroupSteps;
  const events: NewEvent[] = [];
  const operation = new ResizeOperation(
    {} as GroupEnd,
    { plan: async () => undefined } as unknown as NodeChange,
    { ofCluster: async () => [] } as unknown as NodesRepository,
    { add: async (_tx: unknown, ...more: NewEvent[]) => void events.push(...more) } as unknown as EventsRepository,
    steps,
  );
  assert.equal(operation.kind, 'resize');
  const nodesToRemove = Array.from({ length: 10_000 }, (_, i) => `${i}-${'x'.repeat(100)}`);
  const request = { nodeGroupUuid: crypto.randomUUID(), nodeCount: 0, previousNodeCount: 0, nodesToRemove };
  const ctx = {
    cluster: { uuid: 'c', projectId: 'p' },
    operation: { uuid: 'o', request },
    write: (unit: (tx: unknown) => Promise<unknown>) => unit({}),
  } as unknown as OperationContext;
  await plan?.(ctx, { uuid: request.nodeGroupUuid, name: 'workers', role: 'worker' } as NodeGroupEntity);
  assert.equal(events.length, 1);
  assert.match(events[0]?.message ?? '', /^nodes_to_remove: node group workers has no node 0-x+, 1-x+, .* and 9980 more$/);
  assert.ok(JSON.stringify(events).length < 10_000);
});
