import type { EventEntity } from '#libs/db';
import type { HeatResource } from './cluster-stacks-view.js';
import { reasonOf, type HeatStack, type StackAddress, type StackCommon } from './heat-stack.js';

type Wire = Record<string, unknown>;

/** `2026-11-21T08:48:27Z` */
export function heatTime(time: Date): string;
export function heatTime(time: Date | null): string | null;
export function heatTime(time: Date | null): string | null {
  return time === null ? null : `${time.toISOString().slice(0, 19)}Z`;
}

/** @param base URL of the service, without the project */
export const stackUrl = (base: string, { projectId, name, id }: StackAddress): string =>
  `${base}/${projectId}/stacks/${encodeURIComponent(name)}/${id}`;

const link = (href: string, rel: string): Wire => ({ href, rel });
const partUrl = (base: string, stack: StackAddress, ...parts: string[]): string =>
  [stackUrl(base, stack), ...parts.map(encodeURIComponent)].join('/');

/** One of a list. Sources of all shapes: heat/api/openstack/v1/views, heat/engine/api.py; seen on a Heat of 2025. */
export function stackSummary(base: string, stack: StackCommon, withProject = false): Wire {
  return {
    id: stack.id,
    links: [link(stackUrl(base, stack), 'self')],
    ...(withProject ? { project: stack.projectId } : {}),
    stack_name: stack.name,
    description: '',
    stack_status: stack.status,
    stack_status_reason: stack.reason,
    creation_time: heatTime(stack.createdAt),
    updated_time: heatTime(stack.updatedAt),
    deletion_time: null,
    stack_owner: stack.owner,
    parent: stack.parent,
    stack_user_project_id: stack.projectId,
    tags: null,
  };
}

export interface StackDetails {
  readonly description: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly timeoutMinutes: number | null;
  /** Null: not asked for. */
  readonly outputs: readonly Wire[] | null;
}

export function stackShown(base: string, stack: StackCommon, details: StackDetails): Wire {
  const summary = stackSummary(base, stack);
  return {
    ...summary,
    notification_topics: [],
    parameters: {
      'OS::stack_id': stack.id,
      'OS::project_id': stack.projectId,
      'OS::stack_name': stack.name,
      ...details.parameters,
    },
    description: details.description,
    template_description: details.description,
    capabilities: [],
    disable_rollback: true,
    timeout_mins: details.timeoutMinutes,
    tags: [],
    ...(details.outputs ? { outputs: details.outputs } : {}),
  };
}

/** @param details attributes, and that it is shown alone; null: one of a list */
export function resourceView(base: string, resource: HeatResource, attributes: Wire | null = null): Wire {
  const { stack, nested, name, parent } = resource;
  return {
    updated_time: heatTime(resource.updatedAt ?? resource.createdAt),
    creation_time: heatTime(resource.createdAt),
    logical_resource_id: name,
    resource_name: name,
    physical_resource_id: resource.physicalId,
    resource_status: resource.status,
    resource_status_reason: resource.reason,
    resource_type: resource.type,
    links: [
      link(partUrl(base, stack, 'resources', name), 'self'),
      link(stackUrl(base, stack), 'stack'),
      ...(nested ? [link(stackUrl(base, nested), 'nested')] : []),
    ],
    required_by: resource.requiredBy,
    ...(parent === null ? {} : { parent_resource: parent }),
    ...(attributes ? { description: '', attributes } : {}),
  };
}

/** Events, and the stack in whose list they are. */
export interface FoundEvents {
  readonly rows: EventEntity[];
  readonly stack: HeatStack;
  /** A resource's name in the stack, from the one in the event. */
  readonly as: (name: string) => string;
}

/** @param found in whose list it is. @param nested the list shows what is nested too. @param whole it is shown alone */
export function eventView(base: string, event: EventEntity, found: FoundEvents, nested: boolean, whole = false): Wire {
  const { stack, as } = found;
  const { data, id, message, createdAt } = event;
  const text = (key: string): string | null => {
    const value = data[key];
    return typeof value === 'string' ? value : null;
  };
  const name = as(text('resource') ?? stack.name);
  const status = `${text('action') ?? ''}_${text('status') ?? ''}`;
  const ofStack = event.type === 'stack';
  return {
    id: String(id),
    links: [
      link(partUrl(base, stack, 'resources', name, 'events', String(id)), 'self'),
      link(partUrl(base, stack, 'resources', name), 'resource'),
      link(stackUrl(base, stack), 'stack'),
      ...(nested ? [link(stackUrl(base, stack), 'root_stack')] : []),
    ],
    event_time: heatTime(createdAt),
    logical_resource_id: name,
    resource_name: name,
    physical_resource_id: ofStack ? stack.id : text('physicalId'),
    resource_status: status,
    resource_status_reason: event.level === 'error' ? message : ofStack ? reasonOf(status, null) : 'state changed',
    ...(whole ? { resource_type: text('resourceType') ?? 'OS::Heat::Stack', resource_properties: null } : {}),
  };
}
