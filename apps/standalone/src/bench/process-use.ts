import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessUse {
  readonly name: string;
  /** Resident, at its highest so far. */
  readonly mostMegabytes: number;
  readonly cpuSeconds: number;
  /** How long its first thread was ready to run and had no core: what a busy machine adds. */
  readonly waitedSeconds: number;
}

const TICKS_PER_SECOND = 100;
/** PostgreSQL has a process for each connection: they count as one. */
const FAMILY = 'postgres';

/** What processes have used so far, by Linux's /proc; none of them on other systems. */
export function processUse(pids: Readonly<Record<string, number>>, postgresPid?: number): ProcessUse[] {
  const own = Object.entries(pids).flatMap(([name, pid]) => {
    const [stat, mostMegabytes] = [statOf(pid), highestMegabytes(pid)];
    return stat && mostMegabytes !== undefined
      ? [{ name, mostMegabytes, cpuSeconds: stat.ownSeconds, waitedSeconds: waitedSeconds(pid) }]
      : [];
  });
  return postgresPid === undefined ? own : [...own, ...familyUse(postgresPid)];
}

/** What was used between two looks; of a process that is not in the first one, all. */
export function useSince(before: readonly ProcessUse[], after: readonly ProcessUse[]): ProcessUse[] {
  const begun = new Map(before.map((use) => [use.name, use]));
  return after.map((use) => {
    const { cpuSeconds = 0, waitedSeconds: waited = 0 } = begun.get(use.name) ?? {};
    return { ...use, cpuSeconds: use.cpuSeconds - cpuSeconds, waitedSeconds: use.waitedSeconds - waited };
  });
}

/** The first line of PostgreSQL's lock file is its process. */
export function postgresPid(dataDirectory: string): number | undefined {
  try {
    return Number(readFileSync(`${dataDirectory}/postmaster.pid`, 'utf8').split('\n')[0]) || undefined;
  } catch {
    return undefined;
  }
}

/** The server, its living children and those that have ended. Memory is left out: most of it is shared. */
function familyUse(pid: number): ProcessUse[] {
  const parent = statOf(pid);
  if (!parent) return [];
  const children = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => statOf(Number(entry)))
    .filter((stat) => stat?.parent === pid);
  const cpuSeconds = children.reduce((sum, child) => sum + (child?.ownSeconds ?? 0), parent.ownSeconds + parent.endedSeconds);
  return [{ name: FAMILY, mostMegabytes: 0, cpuSeconds, waitedSeconds: 0 }];
}

function highestMegabytes(pid: number): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024);
  } catch {
    return undefined;
  }
}

function waitedSeconds(pid: number): number {
  try {
    // Nanoseconds on a core, nanoseconds waiting for one, time slices.
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e9;
  } catch {
    return 0;
  }
}

interface Stat {
  readonly parent: number;
  readonly ownSeconds: number;
  /** Of children that have ended and were waited for. */
  readonly endedSeconds: number;
}

function statOf(pid: number): Stat | undefined {
  try {
    // The name in brackets may hold anything: fields are counted behind it. Of all, ppid is the 4th, utime to cstime are the 14th to 17th.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number);
    const seconds = (...at: number[]): number => at.reduce((sum, index) => sum + (fields[index] ?? 0), 0) / TICKS_PER_SECOND;
    return { parent: fields[1] ?? 0, ownSeconds: seconds(11, 12), endedSeconds: seconds(13, 14) };
  } catch {
    return undefined;
  }
}
