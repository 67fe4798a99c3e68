import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { VmSite } from './support/vm-site.js';

const image = {
  name: 'debian-13-node',
  path: process.env['VM_DEBIAN_IMAGE'] ?? '',
  // It is said to have Kubernetes and has none: the node must find that out and say it.
  properties: { os_distro: 'debian', os_version: '13', kube_version: 'v1.36.4' },
};
/** Emulated, on a busy computer. */
const BOOT_MINUTES = 20;

interface Node {
  readonly uuid: string;
  readonly name: string;
  readonly phase: string;
  readonly phase_status: string;
  readonly server_id: string;
  readonly history?: readonly { readonly phase: string; readonly status: string }[];
}

/** A real machine with a real Debian, cloud-init and node agent; no Kubernetes on it. */
describe('a node on a machine of QEMU', () => {
  let site: VmSite;
  let cluster = '';
  let server = '';
  before(async () => {
    site = await VmSite.start(image);
    await site.api.request('POST', '/clustertemplates', {
      name: 'vm',
      coe: 'kubernetes',
      image_id: image.name,
      external_network_id: 'public',
      master_flavor_id: 'm1.medium',
      flavor_id: 'm1.small',
    });
  });
  after(() => site?.stop());

  it('boots from the image, reads its user data, fetches its bundle and reports; the API shows why it failed', async () => {
    const created = await site.api.request<{ uuid: string }>('POST', '/clusters', {
      name: 'real',
      cluster_template_id: 'vm',
      master_count: 1,
      node_count: 0,
      create_timeout: BOOT_MINUTES,
    });
    cluster = created.uuid;
    const failed = await site.settled(cluster, BOOT_MINUTES + 2);
    const [machine] = await site.machines();
    server = machine?.serverId ?? '';
    const console = await site.console(server);
    assert.equal(failed?.status, 'CREATE_FAILED', console.slice(-3_000));
    assert.match(failed?.status_reason ?? '', /kubeadm is not on this image/);
    assert.match(console, /Linux version 6/);
    for (const line of ['boot status=done rc=0', 'bundle status=done rc=0', 'prepare status=failed'])
      assert.ok(console.includes(`BOOT-STEP name=${line}`), `${line}\n${console.slice(-3_000)}`);
  });

  it('shows each phase of the node, with the end of its log', async () => {
    const { nodes } = await site.api.request<{ nodes: Node[] }>('GET', `/clusters/${cluster}/nodes`);
    assert.equal(nodes.length, 1);
    assert.deepEqual([nodes[0]?.phase, nodes[0]?.phase_status], ['prepare', 'failed']);
    const events = await site.api.events(cluster, 0);
    assert.ok(events.some(({ message }) => message.includes('kubeadm')));
    // What it was given came over the wire and not by its user data.
    assert.ok(!(await site.console(server)).includes('PRIVATE KEY'));
  });

  it('answers at its floating IP, on ports that its security groups open', async () => {
    await assert.rejects(banner());
    await openSsh();
    assert.match(await heard(2), /^SSH-2\.0-OpenSSH/);
  });

  it('comes up again, from its disk, when the sandbox was killed', async () => {
    const pid = pidOf(server);
    await site.installation.killAndRestart('sandbox');
    await site.until('the machine to run again', 2, async () => {
      const again = existsSync(pidFile(server)) ? pidOf(server) : pid;
      return again === pid ? undefined : { value: again };
    });
    assert.ok(!alive(pid, server), 'nothing is left of the machine before');
    assert.match(await heard(BOOT_MINUTES), /^SSH-2\.0/);
  });

  it('is refused when the computer cannot carry it', async () => {
    const refused = await site.api
      .request<{ uuid: string }>('POST', '/clusters', {
        name: 'huge',
        cluster_template_id: 'vm',
        master_count: 1,
        node_count: 0,
        master_flavor_id: 'm1.large',
        create_timeout: 5,
      })
      .then(({ uuid }) => site.settled(uuid, 5));
    assert.equal(refused?.status, 'CREATE_FAILED');
    assert.match(refused?.status_reason ?? '', /Quota exceeded for ram: Requested 8192, but already used 4096 of 12000 ram/);
    await site.api.request('DELETE', '/clusters/huge');
    assert.equal(await site.settled('huge', 3), null);
  });

  it('leaves nothing when its cluster is deleted', async () => {
    const pid = pidOf(server);
    await site.api.request('DELETE', `/clusters/${cluster}`);
    assert.equal(await site.settled(cluster, 5), null);
    await site.until('the machine to be gone', 1, async () =>
      alive(pid, server) || existsSync(folder(server)) ? undefined : { value: true },
    );
    assert.deepEqual(await site.machines(), []);
  });

  const folder = (id: string): string => join(site.home, 'sandbox', 'machines', id);
  const pidFile = (id: string): string => join(folder(id), 'qemu.pid');
  const pidOf = (id: string): number => Number(readFileSync(pidFile(id), 'utf8'));

  function alive(pid: number, id: string): boolean {
    return readdirSync('/proc').includes(String(pid)) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(id);
  }

  function heard(minutes: number): Promise<string> {
    return site.until('ssh to answer', minutes, async () => {
      const found = await banner().catch(() => '');
      return found === '' ? undefined : { value: found };
    });
  }

  async function openSsh(): Promise<void> {
    const network = site.installation.sandboxAdminUrl.replace(/sandbox$/, 'network/v2.0');
    const { headers } = site.api;
    const listed = await fetch(`${network}/security-groups`, { headers });
    const { security_groups: groups } = (await listed.json()) as { security_groups: { id: string; name: string }[] };
    const rule = {
      security_group_id: groups.find(({ name }) => name.includes('master'))?.id,
      direction: 'ingress',
      protocol: 'tcp',
      port_range_min: 22,
      port_range_max: 22,
    };
    const made = await fetch(`${network}/security-group-rules`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ security_group_rule: rule }),
    });
    assert.equal(made.status, 201, await made.text());
  }

  /** The first words of the SSH server at the cluster's address. */
  async function banner(): Promise<string> {
    const { api_address: url } = await site.api.cluster(cluster);
    const host = url === null ? await floatingIp() : new URL(url).hostname;
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port: 22 });
      socket.setTimeout(10_000, () => socket.destroy(new Error('no banner')));
      socket.once('data', (chunk) => {
        resolve(chunk.toString());
        socket.destroy();
      });
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('closed')));
    });
  }

  async function floatingIp(): Promise<string> {
    const inventory = await site.sandbox<Record<string, Record<string, { floating_ip_address?: string }[]>>>('/inventory');
    const found = Object.values(inventory).flatMap((kinds) => Object.values(kinds).flat());
    return found.find(({ floating_ip_address: address }) => address !== undefined)?.floating_ip_address ?? '';
  }
});
