import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '#libs/testing';
import { ContainerInfra, type ClusterView } from '../../apps/standalone/src/client.js';
import { Installation } from '../../apps/standalone/src/installation.js';

export interface Image {
  readonly name: string;
  readonly path: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** A whole installation whose servers are machines of QEMU, on ports and addresses of its own. */
export class VmSite {
  private constructor(
    readonly home: string,
    readonly installation: Installation,
    readonly api: ContainerInfra,
  ) {}

  static async start(image: Image): Promise<VmSite> {
    const home = mkdtempSync(join(tmpdir(), 'jeroboam-vm-'));
    const network = `127.${randomInt(30, 250)}.${randomInt(0, 256)}`;
    const bootstrapPort = String(await freePort());
    const installation = await Installation.start({
      home,
      env: {
        API_PORT: String(await freePort()),
        BOOTSTRAP_PORT: bootstrapPort,
        BOOTSTRAP_HOST: `${network}.1`,
        BOOTSTRAP_PUBLIC_URL: `https://${network}.1:${bootstrapPort}`,
        SANDBOX_PORT: '0',
      },
      sandbox: { qemu: { images: [image], memoryMib: 12_000 }, publicCidr: `${network}.0/24`, host: `${network}.1` },
    });
    const { apiUrl, authUrl } = installation;
    return new VmSite(
      home,
      installation,
      await ContainerInfra.login(apiUrl, authUrl, 'demo', installation.password('demo'), 'demo'),
    );
  }

  /** Asks the sandbox's own endpoint. */
  async sandbox<T>(path: string): Promise<T> {
    return (await (await fetch(`${this.installation.sandboxAdminUrl}${path}`)).json()) as T;
  }

  async console(serverId: string): Promise<string> {
    return (await this.sandbox<{ text: string }>(`/servers/${serverId}/console`)).text;
  }

  async machines(): Promise<readonly { serverId: string; name: string; on: boolean }[]> {
    return (await this.sandbox<{ guests: { serverId: string; name: string; on: boolean }[] }>('/guests')).guests;
  }

  /** @returns the cluster in a status that is no longer "in progress", or null when it is gone */
  async settled(id: string, minutes: number): Promise<ClusterView | null> {
    return this.until(`cluster ${id} to settle`, minutes, async () => {
      const cluster = await this.api.findCluster(id);
      return cluster === null ? { value: null } : cluster.status.endsWith('_IN_PROGRESS') ? undefined : { value: cluster };
    });
  }

  /** Asks every two seconds. @throws Error when the time is up */
  async until<T>(what: string, minutes: number, ask: () => Promise<{ value: T } | undefined>): Promise<T> {
    const end = Date.now() + minutes * 60_000;
    while (Date.now() < end) {
      const found = await ask();
      if (found) return found.value;
      await sleep(2_000);
    }
    throw new Error(`waited ${minutes} minutes for ${what}`);
  }

  async stop(): Promise<void> {
    await this.installation.stop();
    rmSync(this.home, { recursive: true, force: true });
  }
}
