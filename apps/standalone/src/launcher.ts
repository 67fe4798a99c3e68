import { readFileSync } from 'node:fs';

const POLL_MS = 1_000;

/**
 * Calls back when the `npm run` that started this process is gone without a word (kill -9): between npm and us there is a
 * shell, so we would otherwise stay. Without npm nobody is watched: a process in the background may outlive its shell.
 */
export function whenLauncherGoes(callback: () => void): void {
  if (!process.env['npm_lifecycle_event']) return;
  const shell = process.ppid;
  const npm = parentOf(shell);
  setInterval(() => {
    if (process.ppid !== shell || parentOf(shell) !== npm) callback();
  }, POLL_MS).unref();
}

/** Where there is no /proc, 0 for every process. */
function parentOf(pid: number): number {
  try {
    // pid (name) state ppid; a name may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}
