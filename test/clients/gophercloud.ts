import { homedir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../support/commands.js';
import { drive, SOURCES } from './driver.js';
import type { Account } from './site.js';
import type { ClientRows } from './table.js';

const GOPATH = '/usr/share/gocode';
/** Where Debian's package has the library's sources. */
export const GOPHERCLOUD = `${GOPATH}/src/github.com/gophercloud/gophercloud/openstack/containerinfra`;

/** Gophercloud, built from Debian's sources without modules and without the network. */
export async function gophercloud(rows: ClientRows, account: Account): Promise<void> {
  const program = join(account.dir, 'gophercloud');
  const env = { GO111MODULE: 'off', GOPATH, GOFLAGS: '', GOPROXY: 'off', CGO_ENABLED: '0', HOME: homedir() };
  await rows.must('(go build)', async () => {
    const built = await runCommand('go', ['build', '-o', program, '.'], env, join(SOURCES, 'gophercloud'));
    if (built.code !== 0) throw new Error(built.stderr);
  });
  await drive(rows, account, program, [], { GO111MODULE: 'off', GOPATH });
}
