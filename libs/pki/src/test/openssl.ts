import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The openssl command in a directory of its own: the second opinion on what this library makes. For tests alone. */
export class Openssl {
  private constructor(private readonly dir: string) {}

  static async open(): Promise<Openssl> {
    return new Openssl(await mkdtemp(join(tmpdir(), 'jeroboam-openssl-')));
  }

  /** Runs it with the files written first. @returns its standard output; throws with its errors when it fails */
  async run(args: readonly string[], files: Readonly<Record<string, string>> = {}): Promise<string> {
    for (const [name, text] of Object.entries(files)) await writeFile(join(this.dir, name), text);
    return (await run('openssl', args, { cwd: this.dir })).stdout;
  }

  async text(pem: string): Promise<string> {
    return this.run(['x509', '-in', 'text.pem', '-noout', '-text'], { 'text.pem': pem });
  }

  async verify(caPem: string, pem: string, purpose?: string): Promise<string> {
    const more = purpose === undefined ? [] : ['-purpose', purpose];
    return this.run(['verify', '-x509_strict', ...more, '-CAfile', 'ca.pem', 'leaf.pem'], { 'ca.pem': caPem, 'leaf.pem': pem });
  }

  /** A new key and a request for it. @param newkey what follows `-newkey`, such as `rsa:2048` */
  async request(
    newkey: readonly string[],
    more: readonly string[] = [],
    subject = '/O=system:masters/CN=admin',
  ): Promise<string> {
    return this.run(['req', '-new', '-nodes', '-keyout', 'key.pem', '-subj', subject, '-newkey', ...newkey, ...more]);
  }

  async close(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}
