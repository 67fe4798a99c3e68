import { join } from 'node:path';
import { drive, SOURCES } from './driver.js';
import type { Account } from './site.js';
import type { ClientRows } from './table.js';

/** Where Debian's packages are. */
export const PYTHON = '/usr/lib/python3/dist-packages';

/** python-magnumclient as a library. */
export async function magnumclient(rows: ClientRows, account: Account): Promise<void> {
  await python(rows, account, 'magnumclient_driver.py');
}

/** The deprecated program `magnum`. */
export async function magnumShell(rows: ClientRows, account: Account): Promise<void> {
  await python(rows, account, 'magnum_shell_driver.py');
}

/** openstacksdk. */
export async function openstacksdk(rows: ClientRows, account: Account): Promise<void> {
  await python(rows, account, 'openstacksdk_driver.py');
}

/** Debian's Python, in which Debian's packages are. */
async function python(rows: ClientRows, account: Account, file: string): Promise<void> {
  await drive(rows, account, '/usr/bin/python3', ['-B', join(SOURCES, file)]);
}
