import { badRequest, conflict } from '../server/api-error.js';
import { created, noContent, ok, route } from '../server/call.js';
import type { Call, Route } from '../server/call.js';
import type { Fields } from '../server/fields.js';
import { parseCidr } from '../network/ipv4.js';
import { readRoutes } from './collection.js';
import { octaviaFields, octaviaInvalid } from './octavia.js';
import type { Octavia } from './octavia.js';
import { newPool } from './pools.js';
import type { Listener, LoadBalancer } from './rows.js';
import type { Views } from './views.js';

const base = '/lbaas/listeners';
const protocols = ['HTTP', 'HTTPS', 'TCP', 'UDP', 'SCTP', 'TERMINATED_HTTPS', 'PROMETHEUS'] as const;

/** Listeners. Wire: Octavia v2 `lbaas/listeners`. */
export function listenerRoutes(octavia: Octavia, views: Views): Route[] {
  const { listeners, pools } = octavia.tables;
  const get = (call: Call): Listener => octavia.find(listeners, 'Listener', call, call.params['id'] ?? '');
  return [
    ...readRoutes(octavia, {
      table: listeners,
      path: base,
      plural: 'listeners',
      single: 'listener',
      label: 'Listener',
      view: views.listener,
    }),
    route('POST', base, (call) => {
      octavia.member(call);
      const fields = octaviaFields(call, 'listener');
      const balancer = octavia.find(octavia.tables.loadBalancers, 'Load Balancer', call, fields.text('loadbalancer_id'));
      const occupied = octavia.occupy(balancer.id, call.outcome);
      return created({ listener: views.listener(newListener(octavia, occupied, fields)) });
    }),
    route('PUT', `${base}/:id`, (call) => {
      const row = get(call);
      octavia.member(call);
      const fields = octaviaFields(call, 'listener');
      octavia.occupy(row.loadbalancer_id, call.outcome);
      const poolId =
        fields.source['default_pool_id'] === null ? null : (fields.optionalText('default_pool_id') ?? row.default_pool_id);
      if (poolId !== null && pools.get(poolId)?.loadbalancer_id !== row.loadbalancer_id)
        throw octaviaInvalid('default_pool_id', poolId, 'Pool not found.');
      listeners.patch(row.id, {
        ...settings(fields, row),
        name: fields.optionalText('name') ?? row.name,
        description: fields.optionalText('description') ?? row.description,
        admin_state_up: fields.flag('admin_state_up', row.admin_state_up),
        tags: fields.texts('tags') ?? row.tags,
        default_pool_id: poolId,
        provisioning_status: 'PENDING_UPDATE',
      });
      return ok({ listener: views.listener(get(call)) });
    }),
    route('DELETE', `${base}/:id`, (call) => {
      const row = get(call);
      octavia.member(call);
      octavia.occupy(row.loadbalancer_id, call.outcome);
      octavia.mark(listeners, row, 'PENDING_DELETE');
      return noContent;
    }),
  ];
}

/** Makes a listener below a load balancer that is occupied, with its default pool when that is stated in place. */
export function newListener(octavia: Octavia, balancer: LoadBalancer, fields: Fields): Listener {
  const { listeners, pools } = octavia.tables;
  octavia.checkQuota(balancer.project_id, 'listener', 'Listener', listeners);
  const protocol = fields.choice('protocol', protocols);
  const port = fields.integer('protocol_port', 1, 65_535);
  const isUdp = protocol === 'UDP';
  if (
    listeners
      .by('loadbalancer_id', balancer.id)
      .some((other) => other.protocol_port === port && (other.protocol === 'UDP') === isUdp)
  ) {
    throw conflict(`Another Listener on this Load Balancer is already using protocol ${protocol} and protocol_port ${port}`);
  }
  const statedPool = fields.optionalText('default_pool_id');
  if (statedPool !== undefined && pools.get(statedPool)?.loadbalancer_id !== balancer.id)
    throw octaviaInvalid('default_pool_id', statedPool, 'Pool not found.');
  const inPlace = fields.object('default_pool');
  const byName =
    inPlace === undefined || inPlace.has('protocol')
      ? undefined
      : pools.by('loadbalancer_id', balancer.id).find((pool) => pool.name === inPlace.source['name']);
  const poolId = statedPool ?? byName?.id ?? (inPlace === undefined ? null : newPool(octavia, balancer, inPlace).id);
  return listeners.insert({
    ...octavia.base(fields, balancer.project_id),
    ...settings(fields),
    description: fields.optionalText('description') ?? '',
    loadbalancer_id: balancer.id,
    protocol,
    protocol_port: port,
    default_pool_id: poolId,
  });
}

function settings(
  fields: Fields,
  before?: Listener,
): Pick<
  Listener,
  | 'allowed_cidrs'
  | 'connection_limit'
  | 'timeout_client_data'
  | 'timeout_member_connect'
  | 'timeout_member_data'
  | 'timeout_tcp_inspect'
  | 'insert_headers'
> {
  const cidrs = fields.texts('allowed_cidrs');
  for (const cidr of cidrs ?? [])
    if (parseCidr(cidr) === undefined && !cidr.includes(':'))
      throw octaviaInvalid('allowed_cidrs', cidr, 'Value should be a valid CIDR.');
  // Null is the default again. Source: octavia/api/v2/controllers/listener.py, `_set_default_on_none`.
  const timeout = (name: string, before: number | undefined, fallback: number): number =>
    fields.optionalInteger(name, 0, 365 * 24 * 60 * 60 * 1000) ?? (fields.has(name) ? fallback : (before ?? fallback));
  const limit = fields.optionalInteger('connection_limit', -1, 1e9);
  if (limit === 0)
    throw badRequest("Invalid input for field/attribute connection_limit. Value: '0'. Value must be -1 or greater than 0.");
  return {
    allowed_cidrs: fields.has('allowed_cidrs') ? (cidrs ?? null) : (before?.allowed_cidrs ?? null),
    connection_limit: limit ?? before?.connection_limit ?? -1,
    timeout_client_data: timeout('timeout_client_data', before?.timeout_client_data, 50_000),
    timeout_member_connect: timeout('timeout_member_connect', before?.timeout_member_connect, 5000),
    timeout_member_data: timeout('timeout_member_data', before?.timeout_member_data, 50_000),
    timeout_tcp_inspect: timeout('timeout_tcp_inspect', before?.timeout_tcp_inspect, 0),
    insert_headers: fields.map('insert_headers') ?? before?.insert_headers ?? {},
  };
}
