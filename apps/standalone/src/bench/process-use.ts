import { readFileSync } from 'node:fs';

export interface ProcessUse {
  readonly name: string;
  /** Resident, at its highest so far. */
  readonly mostMegabytes: number;
  readonly cpuSeconds: number;
}

const TICKS_PER_SECOND = 100;

/** What processes have used so far, by Linux's /proc; none of them on other systems. */
export function processUse(pids: Readonly<Record<string, number>>): ProcessUse[] {
  return Object.entries(pids).flatMap(([name, pid]) => {
    try {
      const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      // The name in brackets may hold anything: fields are counted behind it. utime and stime are the 14th and 15th of all.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      const cpuSeconds = Math.round((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND);
      return [{ name, mostMegabytes: Math.round(Number(kilobytes) / 1024), cpuSeconds }];
    } catch {
      return [];
    }
  });
}
