import type { Nova } from './compute/nova.js';
import { consoleText } from './compute/server-actions.js';
import type { GuestFault } from './guests/guest-options.js';
import type { GuestRuntime } from './guests/guest-runtime.js';
import type { Hypervisor } from './hypervisor/machine.js';
import { badRequest, notFound } from './server/api-error.js';
import { ok, openRoute } from './server/call.js';
import type { Route } from './server/call.js';
import { isObject } from './server/fields.js';

const kinds = ['never-boots', 'no-network', 'step-fails', 'not-ready', 'slow'];

/** `/sandbox/guests`, `/sandbox/guest-faults` and consoles. Both are undefined until they run, `guests` always where machines are real. */
export function guestRoutes(nova: Nova, guests: () => GuestRuntime | undefined, machines: () => Hypervisor | undefined): Route[] {
  const { servers, consoles } = nova.tables;
  return [
    openRoute('GET', '/sandbox/guests', () => ok({ guests: machines()?.guests() ?? [] })),
    openRoute('GET', '/sandbox/guest-faults', () => ok({ faults: guests()?.faults() ?? [] })),
    openRoute('PUT', '/sandbox/guest-faults', (call) => {
      const stated = isObject(call.body) ? call.body['faults'] : undefined;
      if (
        !Array.isArray(stated) ||
        !stated.every((fault) => isObject(fault) && typeof fault['server'] === 'string' && kinds.includes(String(fault['kind'])))
      ) {
        throw badRequest(`faults: a list of {server, kind, ...} is needed; kind is one of ${kinds.join(', ')}`);
      }
      guests()?.setFaults(stated as GuestFault[]);
      return ok({ faults: guests()?.faults() ?? [] });
    }),
    openRoute('GET', '/sandbox/servers/:id/console', (call) => ok({ text: consoleText(nova, call.params['id'] ?? '') })),
    openRoute('PUT', '/sandbox/servers/:id/console', (call) => {
      const id = call.params['id'] ?? '';
      const text = isObject(call.body) ? call.body['text'] : undefined;
      if (servers.get(id) === undefined) throw notFound(`no server ${id}`);
      if (typeof text !== 'string') throw badRequest('text is needed');
      if (consoles.get(id) === undefined) consoles.insert({ id, text });
      else consoles.patch(id, { text });
      return ok({ text: consoleText(nova, id) });
    }),
  ];
}
