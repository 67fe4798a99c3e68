import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { fetchCredentials, renderKubeconfig } from '../apps/standalone/src/kubeconfig.js';
import { VmSite } from './support/vm-site.js';

const folder = process.env['KUBERNETES_DIR'] ?? '';
/** Emulated machines on a busy computer: section 19 of the bootstrap facts has five minutes for two of them on quiet ones. */
const CREATE_MINUTES = 60;

const execute = promisify(execFile);

interface NodeObject {
  readonly metadata: { readonly name: string };
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
}

/** What does not run on two small machines, or needs a cloud that pods can reach, is left out. */
const LABELS = {
  cloud_provider_enabled: 'false',
  cinder_csi_enabled: 'false',
  keystone_auth_enabled: 'false',
  metrics_server_enabled: 'false',
  npd_enabled: 'false',
};

/** Kubernetes as upstream has it, on machines, by the API alone. */
describe('a cluster on machines of QEMU', () => {
  let site: VmSite;
  let config = '';
  let preloaded = '';
  before(async () => {
    const version = execFileSync(join(folder, 'bin/kubeadm'), ['version', '-o', 'short'], { encoding: 'utf8' }).trim();
    site = await VmSite.start({
      name: 'debian-13-kube',
      path: process.env['VM_KUBERNETES_IMAGE'] ?? '',
      properties: { os_distro: 'debian', os_version: '13', kube_version: version },
    });
    config = join(site.home, 'kubeconfig');
    await site.api.request('POST', '/clustertemplates', {
      name: 'vm',
      coe: 'kubernetes',
      image_id: 'debian-13-kube',
      external_network_id: 'public',
      master_flavor_id: 'm1.medium',
      flavor_id: 'm1.small',
      network_driver: 'flannel',
      labels: LABELS,
    });
  });
  after(() => site?.stop());

  it('is made: CREATE_COMPLETE', async () => {
    await site.api.request('POST', '/clusters', {
      name: 'real',
      cluster_template_id: 'vm',
      master_count: 1,
      node_count: 1,
      create_timeout: CREATE_MINUTES,
    });
    const cluster = await site.settled('real', CREATE_MINUTES + 2);
    assert.equal(cluster?.status, 'CREATE_COMPLETE', `${cluster?.status_reason ?? ''}\n${await consoles()}`);
    writeFileSync(config, renderKubeconfig('real', await fetchCredentials(site.api, await site.api.cluster('real'))), {
      mode: 0o600,
    });
  });

  it('has both nodes Ready', async () => {
    assert.deepEqual(await ready(), [true, true]);
  });

  it('runs a pod', async () => {
    // Of an image that every node has: nothing is pulled here.
    const images = await kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].status.images[*].names[*]}');
    preloaded = images.split(' ').find((name) => /\/pause:/.test(name)) ?? '';
    assert.notEqual(preloaded, '');
    await kubectl('create', 'deployment', 'pause', `--image=${preloaded}`, '--replicas=2');
    await kubectl('rollout', 'status', 'deployment/pause', '--timeout=10m');
  });

  it('grows to two workers and shrinks again, by resize', async () => {
    await resize(2);
    assert.deepEqual(await ready(), [true, true, true]);
    await resize(1);
    assert.deepEqual(await ready(), [true, true]);
    await kubectl('rollout', 'status', 'deployment/pause', '--timeout=10m');
  });

  it('is deleted, and its machines with it', async () => {
    await site.api.request('DELETE', '/clusters/real');
    assert.equal(await site.settled('real', 15), null);
    await site.until('the machines to be gone', 2, async () =>
      (await site.machines()).length === 0 ? { value: true } : undefined,
    );
  });

  async function resize(count: number): Promise<void> {
    await site.api.request('POST', '/clusters/real/actions/resize', { node_count: count });
    const cluster = await site.settled('real', CREATE_MINUTES);
    assert.equal(cluster?.status, 'UPDATE_COMPLETE', `${cluster?.status_reason ?? ''}\n${await consoles()}`);
  }

  async function ready(): Promise<boolean[]> {
    const { items } = JSON.parse(await kubectl('get', 'nodes', '-o', 'json')) as { items: NodeObject[] };
    return items.map(({ status }) => status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'));
  }

  async function kubectl(...words: string[]): Promise<string> {
    return (await execute(join(folder, 'bin/kubectl'), ['--kubeconfig', config, ...words])).stdout;
  }

  async function consoles(): Promise<string> {
    const machines = await site.machines();
    const texts = await Promise.all(
      machines.map(async ({ name, serverId }) => `== ${name}\n${(await site.console(serverId)).slice(-2_000)}`),
    );
    return texts.join('\n');
  }
});
