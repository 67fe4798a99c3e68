import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** Users of the sandbox cloud that get a password and an entry in clouds.yaml. */
export const SANDBOX_USERS = {
  admin: { project: 'admin', cloud: 'sandbox-admin' },
  demo: { project: 'demo', cloud: 'sandbox' },
  reader: { project: 'demo', cloud: 'sandbox-reader' },
  other: { project: 'other', cloud: 'sandbox-other' },
} as const;

export interface StoredSecrets {
  /** Base64 of 32 bytes: the key ring's only key. */
  readonly key: string;
  /** By user name, of the sandbox's users and service accounts. */
  readonly passwords: Readonly<Record<string, string>>;
}

/** Everything that a standalone installation keeps, in one folder that nobody else may read. */
export class StateFolder {
  constructor(readonly path: string) {}

  get postgres(): string {
    return join(this.path, 'postgres');
  }
  get sandbox(): string {
    return join(this.path, 'sandbox');
  }
  get logs(): string {
    return join(this.path, 'logs');
  }
  get cloudsYaml(): string {
    return join(this.path, 'clouds.yaml');
  }

  /** Makes what is missing. @throws Error that names the folder and the reason when it cannot be made */
  prepare(): void {
    try {
      mkdirSync(this.path, { recursive: true, mode: 0o700 });
      mkdirSync(this.logs, { recursive: true });
      mkdirSync(this.sandbox, { recursive: true });
      accessSync(this.path, constants.W_OK);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code ? (REASONS[code] ?? message) : message;
      throw new Error(`no state folder at ${this.path}: ${why}; JEROBOAM_HOME names another place`, { cause: error });
    }
  }

  exists(): boolean {
    return existsSync(this.path);
  }

  /** Made at the first start, the same ever after. */
  secrets(): StoredSecrets {
    const file = join(this.path, 'secrets.json');
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as StoredSecrets;
    const users = [...Object.keys(SANDBOX_USERS), 'jeroboam', 'jeroboam_domain_admin'];
    const secrets: StoredSecrets = {
      key: randomBytes(32).toString('base64'),
      passwords: Object.fromEntries(users.map((user) => [user, randomBytes(18).toString('base64url')])),
    };
    writeAtomically(file, JSON.stringify(secrets, null, 2));
    return secrets;
  }

  /** For `openstack --os-cloud sandbox ...` and every other client. */
  writeCloudsYaml(authUrl: string, passwords: Readonly<Record<string, string>>): void {
    const clouds = Object.entries(SANDBOX_USERS).map(([username, { project, cloud }]) => [
      cloud,
      {
        auth: {
          auth_url: authUrl,
          username,
          password: passwords[username],
          project_name: project,
          user_domain_name: 'Default',
          project_domain_name: 'Default',
        },
        region_name: 'sandbox',
        interface: 'public',
        identity_api_version: 3,
      },
    ]);
    writeAtomically(this.cloudsYaml, stringify({ clouds: Object.fromEntries(clouds) }, { version: '1.1' }));
  }

  /**
   * Takes the folder for this process.
   * @returns the process that has it already, or null when it is now ours
   */
  lock(): number | null {
    const file = join(this.path, 'standalone.pid');
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        const descriptor = openSync(file, 'wx', 0o600);
        writeFileSync(descriptor, String(process.pid));
        closeSync(descriptor);
        process.once('exit', () => rmSync(file, { force: true }));
        return null;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const owner = Number(readFileSync(file, 'utf8'));
      if (isAlive(owner)) return owner;
      rmSync(file, { force: true });
    }
    throw new Error(`${file} cannot be taken`);
  }

  /** Takes away what we made, and the folder when nothing else is in it. @returns what is not ours and stays */
  remove(): string[] {
    for (const name of readdirSync(this.path)) {
      if (OURS.test(name)) rmSync(join(this.path, name), { recursive: true, force: true });
    }
    const left = readdirSync(this.path);
    if (left.length === 0) rmdirSync(this.path);
    return left;
  }
}

const OURS = /^(postgres(\.new-\d+)?|sandbox|logs|clouds\.yaml|secrets\.json|demo\.kubeconfig|standalone\.pid)(\.new)?$/;

const REASONS: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EEXIST: 'a file is in the way',
  ENOTDIR: 'a file is in the way',
  ENOSPC: 'the disk is full',
};

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // The number may have passed to another program since: ours is a Node process.
  const commandLine = `/proc/${pid}/cmdline`;
  return !existsSync(commandLine) || readFileSync(commandLine, 'utf8').includes('standalone');
}

function writeAtomically(file: string, text: string): void {
  const draft = `${file}.new`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, file);
}
