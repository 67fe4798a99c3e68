import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { freePort } from '#libs/testing';
import { requirePrograms } from './support/commands.js';
import { Processes } from './support/processes.js';

describe('a queue on Redis', () => {
  let redis: ChildProcess;
  let port: number;
  let on: Processes;
  before(async () => {
    requirePrograms({ 'redis-server': 'redis-server', 'redis-cli': 'redis-tools' });
    port = await freePort();
    redis = spawn('redis-server', `--bind 127.0.0.1 --port ${port} --save  --appendonly no`.split(' '), { stdio: 'ignore' });
    on = await Processes.start({ REDIS_URL: `redis://127.0.0.1:${port}` });
  });
  after(async () => {
    await on?.stop();
    const ended = new Promise((resolve) => redis.once('exit', resolve));
    redis.kill('SIGTERM');
    await ended;
  });

  it('is emptied before, in the middle of and after each operation: no work is lost', async () => {
    assert.match(cli('INFO', 'keyspace'), /keys=/);
    const uuids = await Promise.all([1, 2, 3].map((n) => on.create(`r${n}`)));
    cli('FLUSHALL');
    for (const step of ['infrastructure', 'node-groups']) {
      await on.reach(uuids[0] ?? '', step, 100);
      cli('FLUSHALL');
    }
    for (const uuid of uuids) assert.equal((await on.settled(uuid)).status, 'CREATE_COMPLETE');
    await Promise.all(uuids.map((uuid) => on.askDelete(uuid)));
    cli('FLUSHALL');
    for (const uuid of uuids) await on.untilGone(uuid);
    await on.assertEmpty();
  });

  function cli(...args: string[]): string {
    const { status, stdout } = spawnSync('redis-cli', ['-p', String(port), ...args], { encoding: 'utf8' });
    assert.equal(status, 0);
    return stdout;
  }
});
