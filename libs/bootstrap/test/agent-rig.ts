import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createBootstrapAuthority, issueServerCertificate } from '#libs/pki';
import { renderUserData } from '../src/user-data.js';
import { readUserData } from './boot-reader.js';
import { userDataInput } from './inputs.js';

export interface SeenCall {
  readonly what: string;
  readonly authorization: string | undefined;
  readonly body: Record<string, unknown>;
}
/** What the server does with a call; without an answer the line is cut after the work. */
export type Answer = { status: number; headers?: Record<string, string>; body?: unknown } | 'cut';

export interface RigOptions {
  readonly foreignAuthority?: boolean | undefined;
  /** The machine's system; Ubuntu unless told. */
  readonly distro?: string | undefined;
  /** Random unless told. */
  readonly nonce?: string | undefined;
}

/** A machine in a temporary directory with its user data applied, and a TLS server that plays our API. */
export class AgentRig {
  readonly root = mkdtempSync(join(tmpdir(), 'jeroboam-agent-'));
  readonly calls: SeenCall[] = [];
  readonly nonce: string;
  /** Where the user data has put it. */
  private agent = '';
  /** One by one; the last stays. */
  bundleAnswers: Answer[] = [];
  phaseAnswers: Answer[] = [{ status: 204 }];
  turnAnswers: Answer[] = [{ status: 204 }];

  private constructor(
    private readonly server: Server,
    nonce: string,
  ) {
    this.nonce = nonce;
  }

  static async start(options: RigOptions = {}): Promise<AgentRig> {
    const authority = await createBootstrapAuthority();
    const { certPem, keyPem } = await issueServerCertificate(authority, { names: [], ips: ['127.0.0.1'], days: 1 });
    const server = createServer({ cert: certPem, key: keyPem });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const pin = options.foreignAuthority ? await createBootstrapAuthority() : authority;
    const drawn = userDataInput();
    const nonce = options.nonce ?? drawn.nonce;
    const input = { ...drawn, nonce, endpoint, caPem: pin.certPem, distro: options.distro };
    const rig = new AgentRig(server, nonce);
    server.on('request', (request, response) => {
      let text = '';
      request.on('data', (part: Buffer) => (text += part.toString()));
      request.on('end', () => {
        const what = /\/bootstrap\/v1\/nodes\/[0-9a-f-]+\/(\w+)$/.exec(request.url ?? '')?.[1] ?? 'unknown';
        rig.calls.push({ what, authorization: request.headers.authorization, body: JSON.parse(text) as Record<string, unknown> });
        const answers = { bundle: rig.bundleAnswers, turn: rig.turnAnswers }[what] ?? rig.phaseAnswers;
        const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? { status: 500 };
        if (answer === 'cut') return void request.socket.destroy();
        response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
        response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
      });
    });
    try {
      rig.boot(renderUserData(input));
    } catch (error) {
      await rig.close();
      throw error;
    }
    return rig;
  }

  /** As cloud-init or Ignition does. */
  private boot(userData: string): void {
    const { files, units, format } = readUserData(userData);
    for (const file of files) this.write(file.path, file.content, file.mode);
    this.agent =
      /^ExecStart=\/bin\/bash (\S+)$/m.exec(units.find(({ name }) => name === 'jeroboam-node.service')?.content ?? '')?.[1] ?? '';
    if (format === 'ignition') {
      this.write('/sys/class/dmi/id/product_uuid', 'A1B2C3D4-0000-4000-8000-000000000009\n');
      this.write('/run/ignition.json', userData);
    } else {
      this.write('/var/lib/cloud/data/instance-id', 'a1b2c3d4-0000-4000-8000-000000000009\n');
      this.write('/var/lib/cloud/instance/user-data.txt', userData);
      this.write('/var/lib/cloud/instance/cloud-config.txt', userData);
    }
    this.write('/dev/console', '');
  }

  write(path: string, content: string, mode = 0o644): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), content);
    chmodSync(join(this.root, path), mode);
  }
  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }
  exists(path: string): boolean {
    return existsSync(join(this.root, path));
  }
  mode(path: string): string {
    return (statSync(join(this.root, path)).mode & 0o7777).toString(8).padStart(4, '0');
  }

  /** Runs the agent to its end. */
  async run(environment: Record<string, string> = {}): Promise<{ code: number | null; output: string }> {
    const child = spawn('bash', [join(this.root, this.agent)], {
      cwd: this.root,
      env: { PATH: process.env['PATH'], JEROBOAM_ROOT: this.root, JEROBOAM_PAUSE: '0', JEROBOAM_DEADLINE: '30', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (part: Buffer) => (output += part.toString()));
    child.stderr.on('data', (part: Buffer) => (output += part.toString()));
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, output };
  }

  /** `boot started`, `boot done`, ... in the order they came. */
  reports(): string[] {
    return this.calls
      .filter((call) => call.what === 'phases')
      .map(({ body }) => `${String(body['phase'])} ${String(body['status'])}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.root, { recursive: true, force: true });
  }
}
