import type { ResourceOverview, StackOverview, WholeStack } from '#libs/db';
import { STACK_ACTIONS, STACK_STATUSES } from '#libs/domain';
import { z } from 'zod';
import { linkView, resourceLinks } from '../../http/links.js';
import { nullableText, numberOf, textOf, wireTime } from '../../http/views.js';

const action = z.enum(STACK_ACTIONS).meta({ description: 'What is being done, or was done last' });
const status = z.enum(STACK_STATUSES).meta({ description: 'How far it is' });
const times = {
  created_at: textOf('When the row was made'),
  updated_at: nullableText('When it was changed last; null: never'),
};

const countsView = z
  .object({
    total: numberOf('All'),
    complete: numberOf('Those that are as they should be'),
    in_progress: numberOf('Those that are being worked on'),
    failed: numberOf('Those that failed'),
  })
  .meta({ id: 'ResourceCounts', description: 'How many resources are how far; what is not begun counts into the total alone' });

const stackShape = {
  uuid: textOf('uuid: the `stack_id` of the cluster or of the node group'),
  name: textOf('Name within the cluster'),
  cluster_uuid: textOf('uuid of the cluster'),
  nodegroup_id: nullableText('uuid of the node group whose nodes it holds; null: what all nodes share'),
  backend: z.enum(['native', 'heat']).meta({ description: 'Who carries it out: this service, or a Heat' }),
  action,
  status,
  status_reason: nullableText('Why it failed, or what it waits for'),
  resource_counts: countsView,
  links: z.array(linkView).meta({ description: 'Where it is' }),
  ...times,
};
export const stackListView = z
  .object({
    stacks: z
      .array(z.object(stackShape).meta({ id: 'Stack', description: 'What the cloud should hold for a part of a cluster' }))
      .meta({ description: 'One page of them, in the order of their creation' }),
    next: z.string().optional().meta({ description: 'URL of the next page' }),
  })
  .meta({ id: 'Stacks', description: 'Stacks of a cluster' });

const resourceView = z
  .object({
    name: textOf('Logical name, as in the template; `name~1` is what another object has taken the place of'),
    type: textOf('`OS::Nova::Server`, `OS::Neutron::Port`, ...'),
    physical_name: textOf('Name in the cloud'),
    physical_id: nullableText('Id in the cloud; null while there is none'),
    action,
    status,
    status_reason: nullableText('Why it failed'),
    attempts: numberOf('How often it was begun'),
    ...times,
  })
  .meta({ id: 'StackResource', description: 'One object in the cloud' });
export const shownStackView = z
  .object({
    ...stackShape,
    parameters: z.record(z.string(), z.unknown()).meta({ description: 'Of the template; hidden ones are not told' }),
    outputs: z.record(z.string(), z.unknown()).meta({ description: 'What the template gives, once it is complete' }),
    resources: z.array(resourceView).meta({ description: 'One page of them, by name' }),
    next: z.string().optional().meta({ description: 'URL of the next page of resources' }),
  })
  .meta({ id: 'StackShown', description: 'A stack with its resources' });
export const templateView = z
  .looseObject({
    heat_template_version: textOf('Version of the language'),
    resources: z.record(z.string(), z.unknown()).meta({ description: 'Resources by logical name' }),
  })
  .meta({ id: 'StackTemplate', description: 'A HOT template, as it is carried out' });

export function toStackView(base: string, row: StackOverview): z.infer<typeof stackListView>['stacks'][number] {
  const { total, complete, inProgress, failed } = row.resources;
  return {
    uuid: row.uuid,
    name: row.name,
    cluster_uuid: row.clusterUuid,
    nodegroup_id: row.nodeGroupUuid,
    backend: row.backend,
    action: row.action,
    status: row.status,
    status_reason: row.statusReason,
    resource_counts: { total, complete, in_progress: inProgress, failed },
    links: resourceLinks(base, `clusters/${row.clusterUuid}/stacks/${row.uuid}`),
    created_at: wireTime(row.createdAt),
    updated_at: wireTime(row.updatedAt),
  };
}

export function toShownStackView(
  base: string,
  stack: WholeStack,
  resources: readonly ResourceOverview[],
): z.infer<typeof shownStackView> {
  return {
    ...toStackView(base, stack),
    parameters: stack.parameters,
    outputs: stack.outputs,
    resources: resources.map((row) => ({
      name: row.name,
      type: row.type,
      physical_name: row.physicalName,
      physical_id: row.physicalId,
      action: row.action,
      status: row.status,
      status_reason: row.statusReason,
      attempts: row.attempts,
      created_at: wireTime(row.createdAt),
      updated_at: wireTime(row.updatedAt),
    })),
  };
}
