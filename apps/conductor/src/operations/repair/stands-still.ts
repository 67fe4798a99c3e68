/** Servers in these states do no work, and do not come back by themselves. Source: nova doc, server_concepts, "Server status". */
const STANDS_STILL: readonly string[] = [
  ...['CRASHED', 'DELETED', 'ERROR', 'PAUSED', 'SHELVED', 'SHELVED_OFFLOADED', 'SHUTOFF', 'SOFT_DELETED', 'STOPPED'],
  'SUSPENDED',
];
/** Also true for a server that is not there. */
export const standsStill = (status: string | undefined): boolean => status === undefined || STANDS_STILL.includes(status);
