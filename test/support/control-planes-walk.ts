import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import type { WalkTarget } from './coe-walk.js';
import { eventually, runCommand } from './commands.js';

/** Three control-plane nodes behind a load balancer: made, asked through it with kubectl, deleted. */
export function controlPlanesWalk(target: () => WalkTarget): void {
  it('three control-plane nodes behind a load balancer', async () => {
    const { demo, dir, image, limit } = target();
    await demo.ok(
      ...'coe cluster template create ha --coe kubernetes --external-network public --master-lb-enabled'.split(' '),
      ...['--master-flavor', 'm1.medium', '--flavor', 'm1.small', '--image', image],
    );
    await demo.ok(...'coe cluster create ha1 --cluster-template ha --master-count 3 --node-count 1 --timeout 15'.split(' '));
    const cluster = await eventually('CREATE_COMPLETE', limit, async () => {
      const now = await demo.json<{ status: string; status_reason: string; master_addresses: string[] }>(
        ...'coe cluster show ha1'.split(' '),
      );
      if (now.status === 'CREATE_FAILED') throw new Error(`CREATE_FAILED: ${now.status_reason}`);
      return now.status === 'CREATE_COMPLETE' && now;
    });
    assert.equal(cluster.master_addresses.length, 3);
    await demo.ok('coe', 'cluster', 'config', 'ha1', '--dir', dir, '--force');
    const kubectl = ['--kubeconfig', join(dir, 'config'), 'get', 'nodes', '--no-headers'];
    const { stdout, stderr } = await runCommand('kubectl', kubectl, { HOME: dir });
    const lines = stdout.trim().split('\n');
    assert.equal(lines.filter((line) => /\sReady\s+control-plane\s/.test(line)).length, 3, stdout + stderr);
    assert.equal(lines.length, 4, stdout);
  });

  it('are deleted with their load balancer', async () => {
    const { demo, limit } = target();
    await demo.ok('coe', 'cluster', 'delete', 'ha1');
    await eventually('the cluster to be gone', limit, async () => (await demo.run('coe', 'cluster', 'show', 'ha1')).code !== 0);
    await demo.ok('coe', 'cluster', 'template', 'delete', 'ha');
  });
}
