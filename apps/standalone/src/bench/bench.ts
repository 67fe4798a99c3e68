import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#libs/testing';
import { Installation } from '../installation.js';
import { benchAccept, benchList } from './api.bench.js';
import { benchCreate, type CreateMeasurement } from './create.bench.js';

const SIZES = [3, 100, 1000];

/** Prints what the README promises, measured on this machine now. `sizes`: these creates alone. */
export async function runBench(print: (line: string) => void, sizes?: readonly number[]): Promise<void> {
  print(
    `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}; everything on this machine, the sandbox too`,
  );
  if (!sizes) await benchApi(print);
  print('\nCreate on the sandbox at its default latencies; overhead = wall time - critical path');
  for (const nodes of sizes ?? SIZES) {
    await withInstallation(1, async (installation) => {
      print(creation('just started', await benchCreate(installation, nodes)));
      print(creation('and again', await benchCreate(installation, nodes)));
    });
  }
}

async function benchApi(print: (line: string) => void): Promise<void> {
  await withInstallation(0, async (installation) => {
    print('\nAPI (no conductor runs)');
    print(`  POST /v1/clusters, 100/s for 20 s       ${(await benchAccept(installation)).summary()}   target p99 < 50 ms`);
    print(`  GET /v1/clusters?limit=100 of 10,000    ${(await benchList(installation)).summary()}   target p99 < 50 ms`);
  });
}

function creation(when: string, m: CreateMeasurement): string {
  const overhead = (m.wallSeconds - m.criticalPathSeconds).toFixed(1);
  const processes = m.processes.map(({ name, cpuSeconds, waitedSeconds, mostMegabytes }) => {
    const waited = waitedSeconds >= 0.1 ? ` + ${waitedSeconds.toFixed(1)} s waiting for a core` : '';
    return `${name} ${cpuSeconds.toFixed(1)} s${waited}${mostMegabytes > 0 ? ` (${mostMegabytes} MB at most)` : ''}`;
  });
  return [
    `  ${String(m.nodes).padStart(5)} nodes, ${when}: ${m.wallSeconds.toFixed(1)} s, critical path ${m.criticalPathSeconds.toFixed(1)} s, overhead ${overhead} s; delete ${m.deleteSeconds.toFixed(1)} s`,
    `steps: ${m.steps.map(({ name, seconds }) => `${name} ${seconds.toFixed(2)} s`).join(', ')}`,
    `per node: ${m.cloudCallsPerNode.toFixed(2)} cloud calls, ${m.stackRowsPerNode.toFixed(2)} stack rows, ${m.eventsPerNode.toFixed(1)} events`,
    `calls: ${m.mostCalls.map(({ call, count }) => `${call} ${count}`).join(', ')}`,
    `CPU: ${processes.join(', ')}`,
  ].join('\n         ');
}

async function withInstallation(conductors: number, work: (installation: Installation) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'jeroboam-bench-'));
  const installation = await Installation.start({
    home,
    conductors,
    // Clusters' addresses of its own: another sandbox on this machine must not have them already.
    sandbox: { publicCidr: `127.${32 + Math.floor(Math.random() * 90)}.0.0/16` },
    env: {
      API_PORT: String(await freePort()),
      BOOTSTRAP_PORT: String(await freePort()),
      SANDBOX_PORT: '0',
      MAX_CLUSTERS_PER_PROJECT: '1000000',
      LOG_LEVEL: 'warn',
    },
    say: console.error,
  });
  try {
    await work(installation);
  } finally {
    await installation.stop();
    rmSync(home, { recursive: true, force: true });
  }
}
