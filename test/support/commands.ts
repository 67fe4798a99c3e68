import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The tests' own environment, without a cloud of the developer's, and with the shell that `coe cluster config` asks for. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('OS_'));
  return { SHELL: '/bin/sh', ...Object.fromEntries(own) };
}

/** Runs a program to its end. */
export function runCommand(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...environment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd ? { cwd } : {}),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/**
 * Makes sure that Debian's programs are there, installing their packages as root.
 * @param programs name, or path of a file, to packages
 * @throws Error naming the packages when it cannot
 */
export function requirePrograms(programs: Readonly<Record<string, string>>): void {
  const isThere = (program: string): boolean =>
    program.startsWith('/') ? existsSync(program) : spawnSync('which', [program]).status === 0;
  const missing = (): string[] => Object.keys(programs).filter((program) => !isThere(program));
  const packages = [...new Set(missing().flatMap((program) => programs[program]?.split(' ') ?? []))];
  if (packages.length === 0) return;
  if (process.getuid?.() === 0) {
    const install = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
    spawnSync('sh', ['-c', `${install} || { apt-get update && ${install}; }`], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: 'ignore',
    });
  }
  const still = missing();
  if (still.length > 0) throw new Error(`${still.join(', ')} not found: install ${packages.join(' ')}`);
}

/** Debian's `openstack` client, unmodified, as one user of a clouds.yaml. */
export class OpenStackCli {
  constructor(
    private readonly cloudsYaml: string,
    private readonly cloud: string,
    private readonly home: string,
  ) {}

  run(...args: string[]): Promise<CommandResult> {
    return runCommand(
      'openstack',
      args,
      { OS_CLIENT_CONFIG_FILE: this.cloudsYaml, OS_CLOUD: this.cloud, HOME: this.home, PYTHONWARNINGS: 'ignore' },
      this.home,
    );
  }

  /** @throws Error with what the client said */
  async ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    if (code !== 0) throw new Error(`openstack ${args.join(' ')}: exit code ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  /** The client may say something before its JSON. */
  async json<T>(...args: string[]): Promise<T> {
    const text = await this.ok(...args, '-f', 'json');
    return JSON.parse(text.slice(text.search(/^[[{]/m))) as T;
  }
}

/** Asks until the answer is there; bounded. @throws Error naming what was awaited */
export async function eventually<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T | undefined | false>,
  everyMs = 500,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
