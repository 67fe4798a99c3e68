import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { freePort } from '#libs/testing';
import { Installation } from './installation.js';

interface Clouds {
  clouds: Record<'sandbox', { auth: { password: string } }>;
}

const LIMIT_MS = 30_000;

describe('a standalone installation', () => {
  const home = mkdtempSync(join(tmpdir(), 'jeroboam-standalone-'));
  const said: string[] = [];
  let installation: Installation;

  before(async () => {
    installation = await Installation.start({
      home,
      env: { API_PORT: String(await freePort()), BOOTSTRAP_PORT: String(await freePort()), SANDBOX_PORT: '0' },
      sandbox: { guests: false },
      say: (line) => said.push(line),
    });
  });

  after(async () => {
    await installation?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  for (const name of ['api', 'conductor', 'sandbox']) {
    it(`starts the ${name} again when it was killed, and says so`, async () => {
      const old = installation.pids()[name] ?? 0;
      process.kill(old, 'SIGKILL');
      await until(async () => installation.pids()[name] !== old && (await ready()));
      assert.equal(said.at(-1), `${name} has ended (SIGKILL); starting it again`);
    });
  }

  it('shows no password in the list of processes', () => {
    const { password } = (parse(readFileSync(join(home, 'clouds.yaml'), 'utf8')) as Clouds).clouds['sandbox'].auth;
    for (const pid of Object.values(installation.pids())) {
      const args = execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
      assert.match(args, /node/);
      assert.ok(!args.includes(password), 'a password is an argument');
    }
  });

  it('starts PostgreSQL again on the same port', async () => {
    const [old = ''] = readFileSync(join(home, 'postgres/postmaster.pid'), 'utf8').split('\n');
    process.kill(Number(old), 'SIGKILL');
    await until(() => Promise.resolve(said.at(-1) === 'PostgreSQL has ended (it stopped); starting it again'));
    await until(ready);
  });

  it('lets nobody else have its folder', async () => {
    await assert.rejects(Installation.start({ home }), { message: `process ${process.pid} already runs on ${home}` });
  });

  async function ready(): Promise<boolean> {
    const answers = await Promise.all(
      [`${installation.apiUrl}/readyz`, installation.authUrl].map((url) =>
        fetch(url).then(
          (response) => response.ok,
          () => false,
        ),
      ),
    );
    return answers.every(Boolean);
  }
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `not within ${LIMIT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
