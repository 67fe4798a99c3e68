import type { ClusterView, EventView, NodeView } from './client.js';

/** The milestones of a node that people care about, and the phases that lead to each. */
const MILESTONES = [
  { title: 'server', phases: ['planned', 'server'] },
  { title: 'boot', phases: ['boot'] },
  { title: 'bundle', phases: ['bundle'] },
  { title: 'kubeadm', phases: ['prepare', 'containerd', 'kubeadm-init', 'kubeadm-join'] },
  { title: 'Ready', phases: ['ready'] },
] as const;

export type MilestoneState = 'waiting' | 'running' | 'done' | 'failed';

/** How far a node is, a state for each milestone. */
export function milestones(node: Pick<NodeView, 'phase' | 'phase_status'>): { title: string; state: MilestoneState }[] {
  const current = MILESTONES.findIndex(({ phases }) => (phases as readonly string[]).includes(node.phase));
  const here = MILESTONES[current];
  const finished =
    node.phase_status === 'done' && here !== undefined && node.phase !== 'planned' && ends(node.phase, here.phases);
  return MILESTONES.map(({ title }, index) => {
    if (index < current || (index === current && finished)) return { title, state: 'done' };
    if (index > current + (finished ? 1 : 0)) return { title, state: 'waiting' };
    return { title, state: node.phase_status === 'failed' && index === current ? 'failed' : 'running' };
  });
}

/** kubeadm ends with init or join; every other milestone with its last phase. */
function ends(phase: string, phases: readonly string[]): boolean {
  return phase === phases.at(-1) || phase === 'kubeadm-init';
}

const MARK: Record<MilestoneState, string> = { waiting: '·', running: '…', done: '✔', failed: '✘' };
const COLOUR: Record<MilestoneState, string> = { waiting: '\x1b[90m', running: '\x1b[33m', done: '\x1b[32m', failed: '\x1b[31m' };
const RESET = '\x1b[0m';
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** Where progress goes: redrawn in place on a terminal, one line per news elsewhere. */
export interface ProgressView {
  update(cluster: ClusterView, nodes: NodeView[], events: EventView[]): void;
  close(): void;
}

export function progressView(out: NodeJS.WriteStream, started: number): ProgressView {
  return out.isTTY ? new TerminalView(out, started) : new LineView(out, started);
}

const elapsed = (started: number): string => `${((Date.now() - started) / 1000).toFixed(1).padStart(5)} s`;

/** Plain lines, for pipes and logs: each milestone of each node once, and the operation's steps. */
class LineView implements ProgressView {
  private readonly said = new Set<string>();
  constructor(
    private readonly out: NodeJS.WriteStream,
    private readonly started: number,
  ) {}

  update(cluster: ClusterView, nodes: NodeView[], events: EventView[]): void {
    for (const event of events) if (event.type.startsWith('operation.')) this.once(`event ${event.id}`, event.message);
    for (const node of nodes) {
      for (const { title, state } of milestones(node)) {
        if (state === 'done' || state === 'failed')
          this.once(
            `${node.name} ${title} ${state}`,
            `${node.name}: ${title}${state === 'failed' ? ' FAILED' : title === 'Ready' ? '' : ' done'}`,
          );
      }
    }
    this.once(`status ${cluster.status}`, `cluster ${cluster.name}: ${cluster.status}`);
  }

  close(): void {
    this.said.clear();
  }

  private once(key: string, line: string): void {
    if (this.said.has(key)) return;
    this.said.add(key);
    this.out.write(`${elapsed(this.started)}  ${line}\n`);
  }
}

/** One block, redrawn: the newest event, a row per node. */
class TerminalView implements ProgressView {
  private height = 0;
  private frame = 0;
  private newest = '';
  constructor(
    private readonly out: NodeJS.WriteStream,
    private readonly started: number,
  ) {
    out.write('\x1b[?25l');
    process.on('exit', this.showCursor);
  }

  private readonly showCursor = (): void => void this.out.write('\x1b[?25h');

  update(cluster: ClusterView, nodes: NodeView[], events: EventView[]): void {
    this.newest = events.at(-1)?.message ?? this.newest;
    const busy = cluster.status.endsWith('_IN_PROGRESS');
    const mark = busy ? SPINNER[this.frame++ % SPINNER.length] : cluster.status.endsWith('_FAILED') ? '✘' : '✔';
    const wide = Math.max(...nodes.map((node) => node.name.length), 0);
    this.draw([
      `${mark} ${cluster.name}  ${cluster.status}  ${elapsed(this.started).trim()}`,
      ...nodes.map((node) => `  ${node.name.padEnd(wide)}  ${milestones(node).map(cell).join('  ')}`),
      `  ${busy ? this.newest : ''}`,
    ]);
  }

  close(): void {
    process.off('exit', this.showCursor);
    this.showCursor();
  }

  private draw(lines: string[]): void {
    const up = this.height > 0 ? `\x1b[${this.height}A` : '';
    const columns = this.out.columns || 100;
    this.out.write(up + lines.map((line) => `\x1b[2K${cut(line, columns)}\n`).join(''));
    this.height = lines.length;
  }
}

function cell({ title, state }: { title: string; state: MilestoneState }): string {
  return `${COLOUR[state]}${MARK[state]} ${title}${RESET}`;
}

/** Cuts what would wrap, not counting colour codes. */
function cut(line: string, columns: number): string {
  let room = columns - 1;
  let result = '';
  for (const part of line.split(/(\x1b\[[0-9;]*m)/)) {
    if (part.startsWith('\x1b')) result += part;
    else {
      result += part.slice(0, Math.max(0, room));
      room -= part.length;
    }
  }
  return result;
}
