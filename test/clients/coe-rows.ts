import assert from 'node:assert/strict';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { OpenStackCli, runCommand, type CommandResult } from '../support/commands.js';
import { SOURCES } from './driver.js';
import type { Account } from './site.js';
import { NotPossible, type ClientRows } from './table.js';

/** Command → argument → the words it is limited to; what `coe_commands.py` prints. */
type Commands = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
export type Check = (stdout: string) => void | Promise<void>;

/** `openstack` by `openstack_shell.py`: the same client, loaded once. */
class OpenStackShell extends OpenStackCli {
  constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly answers: AsyncIterator<string>,
    private readonly account: Account,
    private readonly cloud_: string,
  ) {
    super(account.cloudsYaml, cloud_, account.dir);
  }

  override async run(...argv: string[]): Promise<CommandResult> {
    const { cloudsYaml, dir } = this.account;
    const env = {
      PATH: process.env['PATH'],
      HOME: dir,
      SHELL: '/bin/sh',
      PYTHONWARNINGS: 'ignore',
      OS_CLIENT_CONFIG_FILE: cloudsYaml,
      OS_CLOUD: this.cloud_,
    };
    this.child.stdin.write(`${JSON.stringify({ argv, env, cwd: dir })}\n`);
    const answer = await this.answers.next();
    if (answer.done) throw new Error('openstack_shell.py has ended');
    return JSON.parse(answer.value) as CommandResult;
  }
}

/** Rows of `openstack coe` or of another plugin of the client; what it has is asked of itself. */
export class CoeRows {
  private constructor(
    readonly rows: ClientRows,
    private readonly commands: Commands,
    private readonly child: ChildProcessWithoutNullStreams,
    /** The installed program, for the commands that everything else needs. */
    private readonly program: OpenStackCli,
    readonly member: OpenStackCli,
    readonly admin: OpenStackCli,
  ) {}

  /** @param group of the client's entry points: which plugin's commands they are */
  static async start(rows: ClientRows, account: Account, group = 'openstack.container_infra.v1'): Promise<CoeRows> {
    const lister = ['-B', join(SOURCES, 'coe_commands.py'), group];
    const listed = await runCommand('/usr/bin/python3', lister, { PYTHONWARNINGS: 'ignore' });
    assert.equal(listed.code, 0, listed.stderr);
    const commands = JSON.parse(listed.stdout) as Commands;
    rows.has(
      Object.entries(commands).flatMap(([command, args]) => [
        command,
        ...Object.entries(args).flatMap(([name, words]) =>
          words.length > 0
            ? words.map((word) => `${command} ${name} ${word}`)
            : name.startsWith('--')
              ? [`${command} ${name}`]
              : [],
        ),
      ]),
    );
    const child = spawn('/usr/bin/python3', ['-B', '-W', 'ignore', join(SOURCES, 'openstack_shell.py')], { cwd: account.dir });
    child.stderr.resume();
    // A shell that has ended is told by the row that waits for its answer.
    child.stdin.on('error', () => undefined);
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const shell = (cloud: string): OpenStackCli => new OpenStackShell(child, answers, account, cloud);
    const program = new OpenStackCli(account.cloudsYaml, 'member', account.dir);
    return new CoeRows(rows, commands, child, program, shell('member'), shell('admin'));
  }

  /** Ends the shell. */
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.stdin.end();
    await ended;
  }

  /** A command that succeeds; `check` reads what it says. A refusal in the words `cannot` makes it impossible here. */
  ok(command: string, check?: Check, as = this.member, cannot?: RegExp): Promise<unknown> {
    return this.rows.row(told(command, as === this.admin), () => this.run(command, as, check, cannot), this.covered(command));
  }

  /** As `ok`, for a command that only newer releases have. */
  async newer(name: string, command: string, check?: Check): Promise<void> {
    if (name in this.commands) await this.ok(command, check);
    else
      await this.rows.row(command, () => {
        throw new NotPossible('this release of the client has no such command');
      });
  }

  /** As `ok`, for what the rest needs, by the program `openstack` itself. @throws Error it failed */
  must(command: string, check?: Check): Promise<unknown> {
    return this.rows.must(told(command, false), () => this.run(command, this.program, check), this.covered(command));
  }

  private async run(command: string, as: OpenStackCli, check?: Check, cannot?: RegExp): Promise<void> {
    const { code, stdout, stderr } = await as.run(...command.split(' '));
    const refusal = code === 0 ? null : cannot?.exec(stderr);
    if (refusal) throw new NotPossible(refusal[0]);
    if (code !== 0) throw new Error(`exit code ${code}: ${stderr.trim() || stdout.trim()}`);
    await check?.(stdout);
  }

  /** A command of the member that ends with these words. */
  refused(command: string, words: RegExp): Promise<unknown> {
    const run = async (): Promise<void> => {
      const { code, stdout, stderr } = await this.member.run(...command.split(' '));
      assert.notEqual(code, 0, `it was accepted: ${stdout}`);
      assert.match(stderr, words);
    };
    return this.rows.row(`${told(command, false)} is refused`, run, this.covered(command));
  }

  /** What of the client a command line shows. */
  private covered(line: string): string[] {
    const words = line.split(' ');
    const command = Object.keys(this.commands)
      .filter((name) => `${line} `.startsWith(`${name} `))
      .toSorted((a, b) => b.length - a.length)[0];
    if (!command) throw new Error(`${line}: not a command of this client`);
    const args = this.commands[command] ?? {};
    return [
      command,
      ...words.filter((word) => word.startsWith('--')).map((word) => `${command} ${word}`),
      ...Object.entries(args).flatMap(([name, choices]) =>
        choices.filter((choice) => words.includes(choice)).map((choice) => `${command} ${name} ${choice}`),
      ),
    ];
  }
}

/** A command as the table shows it. */
function told(command: string, asAdmin: boolean): string {
  const short = command.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}/g, 'ID').replaceAll(/\/tmp\/\S+\//g, '');
  return `${short.length > 150 ? `${short.slice(0, 147)}...` : short}${asAdmin ? ' [administrator]' : ''}`;
}
