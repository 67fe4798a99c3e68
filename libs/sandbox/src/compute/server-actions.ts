import { badRequest, conflict, forbidden, notFound } from '../server/api-error.js';
import { accepted, ok } from '../server/call.js';
import type { Call, Reply } from '../server/call.js';
import { Fields, isObject } from '../server/fields.js';
import { novaInvalid } from './nova.js';
import type { Nova } from './nova.js';
import type { ServerRow, ServerStatus } from './rows.js';

/** What an action needs, what is seen meanwhile, and what happens in the end. */
interface Power {
  readonly from: readonly ServerStatus[];
  readonly task: string;
  readonly outcome: string;
}

const powers: Readonly<Record<string, Power>> = {
  'os-stop': { from: ['ACTIVE', 'ERROR'], task: 'powering-off', outcome: 'server.stopped' },
  'os-start': { from: ['SHUTOFF'], task: 'powering-on', outcome: 'server.started' },
  reboot: { from: ['ACTIVE', 'SHUTOFF', 'PAUSED', 'SUSPENDED', 'ERROR'], task: 'rebooting', outcome: 'server.started' },
  pause: { from: ['ACTIVE'], task: 'pausing', outcome: 'server.paused' },
  unpause: { from: ['PAUSED'], task: 'unpausing', outcome: 'server.started' },
  suspend: { from: ['ACTIVE'], task: 'suspending', outcome: 'server.suspended' },
  resume: { from: ['SUSPENDED'], task: 'resuming', outcome: 'server.started' },
};

/** POST servers/{id}/action. No rebuild, resize, migration or shelving. */
export function actOnServer(nova: Nova, call: Call, row: ServerRow): Reply {
  const body = isObject(call.body) ? call.body : {};
  const action = Object.keys(body)[0] ?? '';
  const fields = new Fields(isObject(body[action]) ? body[action] : {}, novaInvalid);
  if (action === 'os-getConsoleOutput') return consoleOutput(nova, call, row, fields);
  nova.member(call, `servers:${action}`);
  const power = powers[action];
  if (power !== undefined) {
    if (!power.from.includes(row.status) || row.task_state !== null) {
      const state = row.task_state === null ? `vm_state ${row.status.toLowerCase()}` : `task_state ${row.task_state}`;
      throw conflict(`Cannot '${action}' instance ${row.id} while it is in ${state}`);
    }
    nova.tables.servers.patch(row.id, {
      task_state: power.task,
      ...(action === 'reboot' ? { status: fields.optionalText('type') === 'HARD' ? 'HARD_REBOOT' : 'REBOOT' } : {}),
    });
    nova.cloud.later(power.outcome, row.id, 'serverActionMs');
    return accepted();
  }
  switch (action) {
    case 'lock':
    case 'unlock':
      nova.tables.servers.patch(row.id, { locked: action === 'lock' });
      return accepted();
    case 'os-resetState':
      nova.requireAdmin(call, 'os-admin-actions:reset_state');
      nova.setStatus(row.id, fields.choice('state', ['active', 'error'], 'error') === 'active' ? 'ACTIVE' : 'ERROR');
      return accepted();
    case 'forceDelete':
      nova.delete(row, call.outcome);
      return accepted();
    default:
      throw badRequest(`There is no such action: ${action}`);
  }
}

function consoleOutput(nova: Nova, call: Call, row: ServerRow, fields: Fields): Reply {
  if (!call.auth.isAdmin && !call.auth.roles.has('member'))
    throw forbidden("Policy doesn't allow os_compute_api:os-console-output to be performed.");
  if (row.launched_at === null)
    throw row.status === 'BUILD'
      ? conflict(`Instance ${row.id} is not ready`)
      : notFound('Guest does not have a console available.');
  const lines = consoleText(nova, row.id).split('\n');
  const length = fields.optionalInteger('length', -1, 1_000_000) ?? -1;
  return ok({ output: (length < 0 ? lines : lines.slice(-length)).join('\n') });
}

/** What stands on a server's console: the text put there, then the guest's. */
export const consoleText = (nova: Nova, id: string): string =>
  [nova.tables.consoles.get(id)?.text ?? '', nova.guestConsole(id)].filter((text) => text !== '').join('\n');
